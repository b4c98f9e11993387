// Who can't be ended is named, with the reason, at the deadline; and is not forgotten.
import { accessSync, chmodSync, constants, copyFileSync } from 'node:fs';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Exit, Survivor, Termination } from '../../src/index.js';
import { startCat } from '../children.js';
import { fixture } from '../support/fixture.js';
import { temporaryDirectory } from '../support/probe.js';
import { jsonProgram } from '../support/program.js';
import { isAlive, readStat } from '../support/proc.js';
import { waitFor } from '../support/wait-for.js';
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

describe.each(['group', 'session', 'tree'] as const)("under scope '%s'", (scope) => {
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

interface Hung {
  failed: Termination;
  fifty: string[];
  others: number[];
  again: Termination;
  exits: Exit[];
}

test.skipIf(!canMount())(
  'those in state D are survivors until what they wait for ends; others are unaffected (needs root and /dev/fuse)',
  async () => {
    const count = 50;
    const seen = await jsonProgram<Hung>(
      `
        import { spawn } from 'reapwell';
        import { spawn as nodeSpawn } from 'node:child_process';
        import { once } from 'node:events';
        import { readFileSync } from 'node:fs';
        import { until } from '../../support/inside.mjs';
        const [mounter, hung] = process.argv.slice(2);
        const mount = nodeSpawn(mounter, [hung], { stdio: ['pipe', 'pipe', 'inherit'] });
        await once(mount.stdout, 'data');
        mount.stdout.destroy();
        const start = (_, i) => spawn('/bin/cat', [hung + '/' + i], { stdio: 'ignore' });
        const children = await Promise.all(Array.from({ length: ${count} }, start));
        const hangs = ({ pid }) => readFileSync('/proc/' + pid + '/stack', 'utf8').includes('fuse');
        if (!(await until(() => children.every(hangs)))) throw new Error('they do not hang');
        const kill = (wait) => ({ escalation: [{ signal: 'SIGKILL', wait }] });
        const all = await Promise.all(children.map((child) => child.terminate(kill(500))));
        const others = [];
        for (let i = 0; i < 10; i++) {
          others.push((await (await spawn('/bin/sh', ['-c', 'exit ' + i])).exited).code);
        }
        const again = children[0].terminate(kill(20_000));
        mount.stdin.end();
        const exits = await Promise.all(children.map(({ exited }) => exited));
        const fifty = all.map(({ method, survivors }) => method + ' ' + survivors[0]?.reason);
        console.log(JSON.stringify({ failed: all[0], fifty, others, again: await again, exits }));
      `,
      {
        under: ['unshare', '--mount'],
        args: [fixture('deaf-mount'), temporaryDirectory()],
      },
    );
    expect(seen.failed).toMatchObject({
      method: 'failed',
      survivors: [{ reason: 'uninterruptible', state: 'D', command: 'cat' }],
    });
    expect(seen.failed.survivors[0]!.waitChannel).toMatch(/^\w+$/);
    expect(new Set(seen.fifty)).toEqual(new Set(['failed uninterruptible']));
    expect(seen.others).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(seen.again).toMatchObject({ method: 'sigkill', survivors: [] });
    expect(new Set(seen.exits.map(({ signal }) => signal))).toEqual(new Set(['SIGKILL']));
  },
);

test.skipIf(!isRoot)('who may not be signalled is a survivor of EPERM (needs root)', async () => {
  const directory = temporaryDirectory();
  chmodSync(directory, 0o755);
  const program = `${directory}/takes-root`;
  copyFileSync(fixture('takes-root'), program);
  chmodSync(program, 0o4755);
  const seen = await jsonProgram<{ pid: number; failed: Termination; survivor: Survivor }>(
    `
      import { spawn } from 'reapwell';
      import { once } from 'node:events';
      const child = await spawn(process.argv[2], [], { stdio: ['ignore', 'pipe', 'ignore'] });
      await once(child.stdout, 'data');
      const failed = await child.terminate({ grace: 50, killWait: 50 });
      console.log(JSON.stringify({ pid: child.pid, failed }));
      process.exit();
    `,
    { uid: 65534, gid: 65534, args: [program] },
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
});
