// Who can't be ended is named, with the reason, at the deadline; and is not forgotten.
import {
  accessSync,
  chmodSync,
  constants,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
} from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import {
  capabilities,
  type Exit,
  type Scope,
  type Survivor,
  type Termination,
} from '../../src/index.js';
import { startCat } from '../children.js';
import { fixture } from '../support/fixture.js';
import { temporaryDirectory } from '../support/probe.js';
import { jsonProgram } from '../support/program.js';
import { isAlive, readStat } from '../support/proc.js';
import { waitFor } from '../support/wait-for.js';
import { describeScopes, everyScope } from './columns.js';
import { spawn as nodeSpawn } from 'node:child_process';
import { once } from 'node:events';

const isRoot = process.getuid?.() === 0;

function canMount(): boolean {
  try {
    accessSync('/dev/fuse', constants.W_OK);
    return isRoot;
  } catch {
    return false;
  }
}

async function trace(pid: number) {
  const tracer = nodeSpawn(fixture('holds-traced'), [`${pid}`], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  onTestFinished(() => void tracer.kill('SIGKILL'));
  const [said] = (await once(tracer.stdout, 'data')) as [Buffer];
  expect(said.toString()).toBe('ready\n');
  return tracer;
}

describeScopes(everyScope, (scope) => {
  test('a traced process is a survivor until its tracer lets go', async () => {
    const child = await startCat({ scope });
    const tracer = await trace(child.pid);
    const steps = [{ signal: 'SIGKILL', wait: 200 }] as const;
    const failed = await child.terminate({ escalation: steps });
    expect(failed).toMatchObject({
      method: 'failed',
      steps: [{ step: 'sigkill', delivered: true, ended: false }],
      survivors: [{ pid: child.pid, reason: 'traced', state: 't', command: 'cat' }],
    });
    expect(child.poll()).toEqual({ state: 'running' });
    // Once more, and this time it is released meanwhile.
    const again = child.terminate({ escalation: [{ signal: 'SIGKILL', wait: 20_000 }] });
    tracer.stdin.end();
    expect(await again).toMatchObject({ method: 'sigkill', survivors: [] });
    expect(await child.exited).toMatchObject({ signal: 'SIGKILL', known: true });
    await child.empty;
  });
});

// Gives `start(count)` to the body: children that hang on a mount which never answers.
const onDeafMount = (body: string) => `
  import { spawn } from 'reapwell';
  import { spawn as nodeSpawn } from 'node:child_process';
  import { once } from 'node:events';
  import { readFileSync } from 'node:fs';
  import { until } from '../../support/inside.mjs';
  const [mounter, hung, scope, parent] = process.argv.slice(2);
  const mount = nodeSpawn(mounter, [hung], { stdio: ['pipe', 'pipe', 'inherit'] });
  await once(mount.stdout, 'data');
  mount.stdout.destroy();
  async function start(count) {
    const one = (_, i) => spawn('/bin/cat', [hung + '/' + i], {
      stdio: 'ignore',
      scope,
      ...(scope === 'cgroup' ? { cgroup: { parent } } : {}),
    });
    const children = await Promise.all(Array.from({ length: count }, one));
    const hangs = ({ pid }) => readFileSync('/proc/' + pid + '/stack', 'utf8').includes('fuse');
    if (!(await until(() => children.every(hangs)))) throw new Error('they do not hang');
    return children;
  }
  const kill = (wait) => ({ escalation: [{ signal: 'SIGKILL', wait }] });
  ${body}
`;

/** Where a process makes cgroups that ends before they are empty; removed when the test ends. */
function makeParent(): string {
  const parent = `${capabilities().cgroup.path!}/reapwell-parent-${process.pid}`;
  mkdirSync(parent);
  onTestFinished(async () => {
    const folders = readdirSync(parent, { withFileTypes: true }).filter((it) => it.isDirectory());
    const all = [...folders.map(({ name }) => `${parent}/${name}`), parent];
    const isEmpty = () => readFileSync(`${parent}/cgroup.events`, 'utf8').includes('populated 0');
    await waitFor(isEmpty, { what: 'the end of what hung' });
    for (const folder of all) rmdirSync(folder);
  });
  return parent;
}

const runOnDeafMount = <T>(body: string, scope: Scope) =>
  jsonProgram<T>(onDeafMount(body), {
    under: ['unshare', '--mount'],
    args: [
      fixture('deaf-mount'),
      temporaryDirectory(),
      scope,
      ...(scope === 'cgroup' ? [makeParent()] : []),
    ],
  });

const noMount = canMount() ? '' : ' (skipped: needs root and /dev/fuse)';

interface Hung {
  failed: Termination;
  ends: string[];
  others: number[];
  again: Termination;
  exits: Exit[];
}

describeScopes(everyScope, (scope) => {
  // Each session and each tree is signalled by listings of /proc of its own, one after the other.
  const listed = scope === 'session' || scope === 'tree';
  const [count, wait] = listed ? [10, 5000] : [50, 500];

  test.skipIf(!canMount())(
    `${count} in state D are survivors until what they wait for ends; others are unaffected${noMount}`,
    async () => {
      const seen = await runOnDeafMount<Hung>(
        `
          const children = await start(${count});
          const all = await Promise.all(children.map((child) => child.terminate(kill(${wait}))));
          const others = [];
          for (let i = 0; i < 10; i++) {
            others.push((await (await spawn('/bin/sh', ['-c', 'exit ' + i])).exited).code);
          }
          const again = children[0].terminate(kill(20_000));
          mount.stdin.end();
          const exits = await Promise.all(children.map(({ exited }) => exited));
          const ends = all.map(({ method, survivors }) => method + ' ' + survivors[0]?.reason);
          console.log(JSON.stringify({ failed: all[0], ends, others, again: await again, exits }));
        `,
        scope,
      );
      expect(seen.failed).toMatchObject({
        method: 'failed',
        survivors: [{ reason: 'uninterruptible', state: 'D', command: 'cat' }],
      });
      expect(seen.failed.survivors[0]!.waitChannel).toMatch(/^\w+$/);
      expect(new Set(seen.ends)).toEqual(new Set(['failed uninterruptible']));
      expect(seen.others).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
      expect(seen.again).toMatchObject({ method: 'sigkill', survivors: [] });
      expect(new Set(seen.exits.map(({ signal }) => signal))).toEqual(new Set(['SIGKILL']));
    },
  );

  test.skipIf(!canMount()).each([
    ["don't keep the process from ending when they are unref'd", true, false],
    ['keep it when they are not', false, true],
  ])(`and %s${noMount}`, async (_, unref, kept) => {
    const body = `
        const children = await start(${count});
        const all = await Promise.all(children.map((child) => child.terminate(kill(100))));
        if (${String(unref)}) for (const child of children) child.unref();
        mount.unref();
        mount.stdin.unref();
        // Fires only if something else keeps the loop going.
        let kept = false;
        setTimeout(() => {
          kept = true;
          process.exit();
        }, 300).unref();
        process.on('exit', () => {
          const failed = all.filter(({ method }) => method === 'failed').length;
          console.log(JSON.stringify({ failed, kept }));
        });
      `;
    expect(await runOnDeafMount(body, scope)).toEqual({ failed: count, kept });
  });
});

// Nobody without privilege has a cgroup of its own to make children in.
describeScopes(
  everyScope.filter((scope) => scope !== 'cgroup'),
  (scope) => {
    test.skipIf(!isRoot)(
      'who may not be signalled is a survivor of EPERM (needs root)',
      async () => {
        const directory = temporaryDirectory();
        chmodSync(directory, 0o755);
        const program = `${directory}/takes-root`;
        copyFileSync(fixture('takes-root'), program);
        chmodSync(program, 0o4755);
        const seen = await jsonProgram<{ pid: number; failed: Termination; survivor: Survivor }>(
          `
      import { spawn } from 'reapwell';
      import { once } from 'node:events';
      const [program, scope] = process.argv.slice(2);
      const child = await spawn(program, [], { stdio: ['ignore', 'pipe', 'ignore'], scope });
      await once(child.stdout, 'data');
      const failed = await child.terminate({ grace: 1000, killWait: 1000 });
      console.log(JSON.stringify({ pid: child.pid, failed }));
      process.exit();
    `,
          { uid: 65534, gid: 65534, args: [program, scope] },
        );
        onTestFinished(async () => {
          if (readStat(seen.pid)?.command === 'takes-root') process.kill(seen.pid, 'SIGKILL');
          await waitFor(() => !isAlive(seen.pid));
        });
        expect(isAlive(seen.pid)).toBe(true);
        expect(seen.failed).toMatchObject({
          method: 'failed',
          // Not its command: /proc may be mounted such that it hides other users' processes.
          survivors: [{ pid: seen.pid, reason: 'EPERM' }],
        });
        for (const step of seen.failed.steps) {
          expect(step).toMatchObject({ delivered: false, ended: false, error: { code: 'EPERM' } });
        }
      },
    );
  },
);
