// Each option is asked for once: what was checked is what counts, whatever it would say next.
import { beforeAll, beforeEach, expect, test } from 'vitest';
import { attach, configure, openJournal, posix, run, spawn } from '../../src/index.js';
import { fixture } from '../support/fixture.js';
import { workingDirectory } from './outcome.js';

type Anything = (...args: unknown[]) => unknown;

let reads: Map<string, number>;
const directory = workingDirectory();

beforeAll(async () => {
  await run('/bin/true');
});

beforeEach(() => {
  reads = new Map();
});

/** The same, down to the last element, with each reading counted. */
function watched(value: unknown, path: string): unknown {
  if (typeof value !== 'object' || value === null || value instanceof AbortSignal) return value;
  if (value instanceof URL) return value;
  return new Proxy(value, {
    get: (of, key) => {
      const name = `${path}.${String(key)}`;
      if (typeof key === 'string') reads.set(name, (reads.get(name) ?? 0) + 1);
      return watched(Reflect.get(of, key), name);
    },
  });
}

const step = { signal: 'SIGKILL', scope: 'leader', wait: 1000 };
const steps = [{ eof: true, wait: 0 }, { action: () => undefined, wait: 0 }, step];

const attributes = {
  cwd: '/',
  env: { A: '1', B: 2, PATH: '/bin' },
  argv0: 'name',
  shebang: 'sh',
  stdio: ['ignore', 'ignore', 'ignore', null],
  group: 'new',
  session: true,
  parentDeathSignal: 'SIGTERM',
  groups: process.getuid?.() === 0 ? [65534] : undefined,
  umask: 0o22,
  nice: 1,
  oomScoreAdj: 500,
  noNewPrivileges: true,
  limits: { nofile: [64, 64], core: 0 },
};

const options = {
  ...attributes,
  scope: ['cgroup', 'session'],
  cgroup: { parent: '/no/such/cgroup', memoryMax: 2 ** 30, pidsMax: 10, cpuMax: 1 },
  onExit: 'terminate',
  signal: new AbortController().signal,
  timeout: 10_000,
  eofWait: 1,
  grace: 1,
  killWait: 1,
  escalation: steps,
};

const more = {
  encoding: 'buffer',
  keep: 'tail',
  all: true,
  onOutput: () => undefined,
  maxBuffer: 10,
  stragglers: 'leave',
  drainIdle: 1,
  onProgress: () => undefined,
  progressInterval: 1000,
};

function expectOnce(): void {
  expect(reads.size).toBeGreaterThan(0);
  expect([...reads].filter(([, times]) => times !== 1)).toEqual([]);
}

test('spawn', async () => {
  const args = watched(['x', 'y'], 'args');
  const child = (await (spawn as Anything)(
    fixture('exit-now'),
    args,
    watched(options, 'options'),
  )) as Awaited<ReturnType<typeof spawn>>;
  await child.empty;
  expectOnce();
  expect(reads.size).toBeGreaterThan(50);
});

test('run', async () => {
  await (run as Anything)(fixture('exit-now'), [], watched({ ...options, ...more }, 'options'));
  expectOnce();
});

test('posixSpawn', () => {
  const pid = (posix.posixSpawn as Anything)(
    fixture('exit-now'),
    watched(['x'], 'args'),
    watched(attributes, 'options'),
  ) as number;
  posix.waitpid(pid, 0);
  expectOnce();
});

test('wait and terminate', async () => {
  const child = await spawn('/bin/sleep', ['60'], { stdio: 'ignore' });
  const waiting = watched({ timeout: 1, signal: new AbortController().signal }, 'options');
  await expect((child.wait as Anything).call(child, waiting)).rejects.toThrow('1 ms');
  const { escalation, eofWait, grace, killWait } = options;
  const ending = watched({ escalation, eofWait, grace, killWait }, 'ending');
  await (child.terminate as Anything).call(child, ending);
  expectOnce();
});

test('attach', async () => {
  const child = await spawn('/bin/sleep', ['60'], { stdio: 'ignore', eofWait: 0 });
  const { identity } = child;
  const target = watched({ ...identity }, 'target');
  const attached = (await (attach as Anything)(
    target,
    watched({ scope: 'group', grace: 1, escalation: steps }, 'options'),
  )) as Awaited<ReturnType<typeof attach>>;
  attached.release();
  await child.terminate({ grace: 0 });
  await attached.exited;
  expectOnce();
});

test('openJournal, recover, prune, and a journalled child', async () => {
  const journal = await (openJournal as Anything)(
    `${directory}/journal`,
    watched({ onWriteError: 'continue' }, 'open'),
  );
  const { recover, prune, close } = journal as Record<'recover' | 'prune' | 'close', Anything>;
  const tracked = { journal, id: 'job', meta: 'text' };
  const asked = new Proxy(tracked, {
    get: (of, key) => {
      reads.set(`spawn.${String(key)}`, (reads.get(`spawn.${String(key)}`) ?? 0) + 1);
      return Reflect.get(of, key) as unknown;
    },
  });
  await (run as Anything)('/bin/true', [], asked);
  await recover.call(journal, watched({ action: 'report', grace: 1 }, 'recover'));
  await prune.call(journal, watched({ olderThan: 1 }, 'prune'));
  await close.call(journal);
  expectOnce();
});

test('configure', () => {
  expect(() =>
    (configure as Anything)(watched({ sigchld: 'claim', pidfd: true }, 'options')),
  ).toThrow('before the first spawn');
  expectOnce();
});

test('what was checked is what the child gets', async () => {
  let asked = 0;
  const changing = {
    get env() {
      asked++;
      return asked === 1 ? { A: 'first', PATH: '/usr/bin:/bin' } : { A: 'second', PATH: '\0' };
    },
    get umask() {
      return asked++ === 1 ? 0o77 : NaN;
    },
  };
  const { stdout } = await run('sh', ['-c', 'echo $A; umask'], changing);
  expect(stdout).toBe('first\n0077\n');
});
