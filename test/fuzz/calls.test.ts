// Anything at all given to everything else: a child's methods, attach, the journal, the raw calls.
import fc from 'fast-check';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  attach,
  configure,
  exitOnSignals,
  openJournal,
  pipeline,
  posix,
  run,
  spawn,
  terminateAll,
  type Child,
  type Journal,
} from '../../src/index.js';
import { fixture } from '../support/fixture.js';
import { around, hostile, listOf, record, type Recipes } from './hostile.js';
import { escalation } from './kinds.js';
import { fuzzing, leavingNothing, tried, workingDirectory } from './outcome.js';

type Anything = (...args: unknown[]) => unknown;

// Whatever is accepted must hit nobody: the methods' own tests do that.
const signals = /^SIG|^\d+$|^undefined$/;
const noSignal = hostile.filter(({ label }) => !signals.test(label.replaceAll(/["']/g, '')));
const noInteger = hostile.filter(({ label }) => !/^-?\d+$/.test(label));

const directory = workingDirectory();

beforeAll(async () => {
  await run('/bin/true');
});

const check = (arbitrary: Recipes, call: (value: unknown) => unknown): Promise<void> =>
  leavingNothing(() =>
    fc.assert(
      fc.asyncProperty(arbitrary, async (value) => {
        await tried(() => call(value.make()));
      }),
      fuzzing,
    ),
  );

describe('a child', () => {
  let child: Child;

  beforeAll(async () => {
    child = await spawn(fixture('ready'), [], { stdio: 'ignore' });
  });

  afterAll(async () => {
    expect(child.poll()).toEqual({ state: 'running' });
    await child.terminate({ grace: 0 });
  });

  const of = (method: 'kill' | 'wait' | 'terminate'): Anything =>
    (child[method] as Anything).bind(child);

  test('kill: signal', () => check(noSignal, (signal) => of('kill')(signal)));
  test('kill: scope', () => check(hostile, (scope) => of('kill')('SIGCONT', scope)));

  test('wait', () => {
    const options = record({
      timeout: around(0, 1),
      signal: around(AbortSignal.abort()),
      bogus: hostile,
    });
    // Some would wait for ever.
    return check(options, (value) => Promise.race([of('wait')(value), setTimeout(5)]));
  });
});

test('terminate', async () => {
  await leavingNothing(() =>
    fc.assert(
      fc.asyncProperty(record(escalation), async (options) => {
        const child = await spawn('/bin/sleep', ['60'], {
          stdio: 'ignore',
          eofWait: 0,
          grace: 100,
        });
        const waits = { eofWait: 0, grace: 0, killWait: 10_000 };
        const ending = tried(() => (child.terminate as Anything).call(child, options.make()));
        // Joins what was begun, and brings its deadlines forward.
        await child.terminate(waits);
        await ending;
        await child.terminate(waits);
      }),
      { ...fuzzing, numRuns: 60 },
    ),
  );
});

test('attach', () => {
  const pid = around(2 ** 31 - 1, -1, 0, 1);
  const identity = record({ pid, startTicks: hostile, inode: hostile, bootId: hostile });
  return check(fc.oneof(pid, identity), (target) => (attach as Anything)(target));
});

test('attach: options', () => {
  const options = record({ scope: around('leader', 'group'), ...escalation, bogus: hostile });
  return check(options, (value) => (attach as Anything)(2 ** 31 - 1, value));
});

test('configure', () => {
  // Each refused, whatever it is: the threads have been made, and a valid value comes too late.
  const options = record({ sigchld: around('share'), pidfd: around(false), bogus: hostile });
  return check(options, (value) => (configure as Anything)(value));
});

describe('a pipeline', () => {
  test('its commands', () =>
    check(listOf(listOf(around('/no/such/program'))), (commands) =>
      (pipeline as Anything)(commands),
    ));
  test('the list of them', () => check(hostile, (list) => (pipeline as Anything)(list)));
  test('its options', () => {
    const options = record({
      timeout: around(1),
      signal: around(AbortSignal.abort()),
      bogus: hostile,
    });
    return check(options, (value) =>
      (pipeline as Anything)([['/no/such/program'], ['/no/such/program']], value),
    );
  });
});

test('terminateAll', () =>
  check(record({ ...escalation, bogus: hostile }), (options) =>
    (terminateAll as Anything)(options),
  ));

test('exitOnSignals', () =>
  check(record({ signals: around(['SIGUSR2']), ...escalation, bogus: hostile }), (options) => {
    (exitOnSignals(options as never) as () => void)();
  }));

describe('a journal', () => {
  let journal: Journal;

  beforeAll(async () => {
    journal = await openJournal(`${directory}/journal`);
  });

  // Its file is opened with the first record, and anew after a prune.
  beforeEach(() => run('/bin/true', [], { journal }));

  afterAll(() => journal.close());

  test('recover', () =>
    check(record({ action: around('report', 'adopt'), ...escalation }), (value) =>
      (journal.recover as Anything).call(journal, value),
    ));

  test('prune', () =>
    check(record({ olderThan: around(0, 1) }), (value) =>
      (journal.prune as Anything).call(journal, value),
    ));

  test('of a spawn, its id', () =>
    check(around('job'), (id) => (run as Anything)('/no/such/program', [], { journal, id })));

  test('of a spawn, its meta', () =>
    check(around({ a: 1 }), (meta) =>
      (run as Anything)('/no/such/program', [], { journal, meta }),
    ));

  test('openJournal: options', () => {
    const options = record({ onWriteError: around('refuse', 'continue'), bogus: hostile });
    // In use: what is accepted gets no further.
    return check(options, (value) => (openJournal as Anything)(journal.dir, value));
  });
});

test('openJournal: the directory', () =>
  check(hostile, async (dir) => {
    const journal = await openJournal(dir as string);
    await journal.close();
  }));

// Nobody's pid, or no signal, or nothing but a look: whatever is accepted hits nobody.
const nobody = 2 ** 31 - 1;
const raw: [string, Recipes, Anything][] = [
  ['waitpid: pid', hostile, (pid) => (posix.waitpid as Anything)(pid, posix.WNOHANG)],
  ['waitpid: options', noInteger, (options) => (posix.waitpid as Anything)(nobody, options)],
  [
    'waitid: idtype',
    hostile,
    (type) => (posix.waitid as Anything)(type, 0, posix.WEXITED | posix.WNOHANG),
  ],
  [
    'waitid: id',
    hostile,
    (id) => (posix.waitid as Anything)(posix.P_PID, id, posix.WEXITED | posix.WNOHANG),
  ],
  [
    'waitid: options',
    noInteger,
    (options) => (posix.waitid as Anything)(posix.P_PID, nobody, options),
  ],
  ['kill: pid', hostile, (pid) => (posix.kill as Anything)(pid, 0)],
  ['kill: signal', hostile, (signal) => (posix.kill as Anything)(nobody, signal)],
  ['killpg: pgid', hostile, (pgid) => (posix.killpg as Anything)(pgid, 0)],
  ['killpg: signal', hostile, (signal) => (posix.killpg as Anything)(nobody, signal)],
  ['setpgid: pid', noInteger, (pid) => (posix.setpgid as Anything)(pid, 0)],
  ['setpgid: pgid', noInteger, (pgid) => (posix.setpgid as Anything)(nobody, pgid)],
  ['getpgid', hostile, posix.getpgid as Anything],
  ['getsid', hostile, posix.getsid as Anything],
  ['pidfdOpen: pid', noInteger, posix.pidfdOpen as Anything],
  ['pidfdOpen: flags', hostile, (flags) => (posix.pidfdOpen as Anything)(nobody, flags)],
  ['pidfdSendSignal', hostile, (fd) => (posix.pidfdSendSignal as Anything)(fd, 0)],
  ['pidfdSendSignal: signal', hostile, (signal) => (posix.pidfdSendSignal as Anything)(-1, signal)],
  ['pidfdSendSignal: flags', hostile, (flags) => (posix.pidfdSendSignal as Anything)(-1, 0, flags)],
  [
    'setChildSubreaper',
    hostile.filter(({ label }) => label !== 'true' && label !== 'false'),
    posix.setChildSubreaper as Anything,
  ],
  ['WIFEXITED', hostile, posix.WIFEXITED as Anything],
  ['WEXITSTATUS', hostile, posix.WEXITSTATUS as Anything],
  ['WIFSIGNALED', hostile, posix.WIFSIGNALED as Anything],
  ['WTERMSIG', hostile, posix.WTERMSIG as Anything],
  ['WCOREDUMP', hostile, posix.WCOREDUMP as Anything],
  ['WIFSTOPPED', hostile, posix.WIFSTOPPED as Anything],
  ['WSTOPSIG', hostile, posix.WSTOPSIG as Anything],
  ['WIFCONTINUED', hostile, posix.WIFCONTINUED as Anything],
];

test.each(raw)('posix.%s', (_, values, call) => check(values, call));
