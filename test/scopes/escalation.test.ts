// The cases of an escalation, for every scope that there is. Beside each stands what does less, and what
// becomes of the same job then.
import { describe, expect, test } from 'vitest';
import { AbortError, posix, run, spawn, type Scope, type Termination } from '../../src/index.js';
import { firstLine, isSettled, start, startReady } from '../children.js';
import { fixture } from '../support/fixture.js';
import { isAlive } from '../support/proc.js';
import { waitFor } from '../support/wait-for.js';
import { describeScopes, everyScope, withMembers } from './columns.js';
import { makeMark, marked, startMarked } from './marked.js';

const patient = { eofWait: 15_000, grace: 15_000, killWait: 15_000 };
const termOnly = { escalation: [{ signal: 'SIGTERM', wait: 100 }] } as const;
const stepNames = ({ steps }: Termination) => steps.map(({ step }) => step);

describeScopes(everyScope, (scope) => {
  describe('a child that ends at the end of its input', () => {
    const args = ['--eof', '--exit-on=TERM:9'];

    test("is ended by 'eof', and sent no SIGTERM", async () => {
      const { child } = await startReady(args, { scope });
      const termination = await child.terminate(patient);
      expect(termination).toMatchObject({ method: 'eof', survivors: [] });
      expect(stepNames(termination)).toEqual(['eof']);
      expect(await child.exited).toMatchObject({ code: 0 });
    });

    test('would tell if SIGTERM were sent', async () => {
      const { child } = await startReady(args, { scope });
      await child.terminate({ escalation: [{ signal: 'SIGTERM', wait: 15_000 }] });
      expect(await child.exited).toMatchObject({ code: 9 });
    });
  });

  test("that ignores it is ended by 'sigterm', and not by the end of its input alone", async () => {
    const { child } = await startReady([], { scope });
    const eofOnly = { escalation: [{ eof: true, wait: 100 }] } as const;
    expect(await child.terminate(eofOnly)).toMatchObject({
      method: 'failed',
      survivors: [{ pid: child.pid, reason: 'alive' }],
    });
    expect(await child.terminate(patient)).toMatchObject({ method: 'sigterm', survivors: [] });
  });

  test("that ignores both is ended by 'sigkill' after the waits, and not by SIGTERM alone", async () => {
    const { child } = await startReady(['--ignore=TERM'], { scope });
    expect(await child.terminate(termOnly)).toMatchObject({
      method: 'failed',
      survivors: [{ pid: child.pid }],
    });
    const { child: other } = await startReady(['--ignore=TERM'], { scope });
    const termination = await other.terminate({ eofWait: 50, grace: 100, killWait: 15_000 });
    expect(termination).toMatchObject({ method: 'sigkill', survivors: [] });
    expect(stepNames(termination)).toEqual(['eof', 'sigterm', 'sigkill']);
    // Node's timers may come a millisecond early, by the clock that durations are taken from.
    expect(termination.steps[0]!.durationMs).toBeGreaterThan(48);
    expect(termination.steps[1]!.durationMs).toBeGreaterThan(98);
  });

  test.each([
    ['--exit-on=TERM:0', { code: 0, signal: null }],
    ['--exit-on=TERM:143', { code: 143, signal: null }],
    ['--ignore=HUP', { code: null, signal: 'SIGTERM' }],
  ])('that meets SIGTERM with %s keeps its exit', async (handler, exit) => {
    const { child } = await startReady([handler], { scope });
    expect(await child.terminate({ ...patient, eofWait: 0 })).toMatchObject({ method: 'sigterm' });
    expect(await child.exited).toMatchObject(exit);
  });

  test('two calls at once are one escalation, and the child gets each signal once', async () => {
    // It forks all the time, and whoever signals those who are new must pass the old ones by.
    const script = 'trap "echo term" TERM; echo ready; while :; do sleep 0.01; done';
    const child = await start('/bin/sh', ['-c', script], {
      scope,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    let said = '';
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => (said += chunk));
    await waitFor(() => said === 'ready\n');
    const both = [child.terminate({ grace: 300 }), child.terminate({ grace: 300 })];
    const [one, other] = await Promise.all(both);
    expect(one).toEqual(other);
    expect(one).toMatchObject({ method: 'sigkill', survivors: [] });
    await waitFor(() => child.stdout?.closed);
    expect(said).toBe('ready\nterm\n');
  });

  test('a child that has exited is not running, and nothing is sent', async () => {
    const child = await start('/bin/sh', ['-c', 'exit 3'], { scope, stdio: 'ignore' });
    await child.empty;
    expect(await child.terminate()).toMatchObject({ method: 'not_running', steps: [] });
    expect(child.kill('SIGKILL', scope)).toBe(false);
    expect(await child.exited).toMatchObject({ code: 3 });
  });

  test('grace 0 is no wait, and Infinity one without end', async () => {
    const { child: at0 } = await startReady(['--ignore=TERM'], { scope });
    const { child: waiting } = await startReady(['--ignore=TERM'], { scope });
    const infinite = waiting.terminate({ eofWait: 0, grace: Infinity });
    expect(await at0.terminate({ eofWait: 0, grace: 0 })).toMatchObject({ method: 'sigkill' });
    expect(await isSettled(infinite)).toBe(false);
    waiting.kill('SIGUSR1');
    expect(await infinite).toMatchObject({ method: 'sigterm' });
  });

  test('who is killed by an outsider has ended naturally; by us, not', async () => {
    const options = { scope, eofWait: 0, grace: 0 } as const;
    expect(await run(fixture('exit-with'), ['signal', '9'], options)).toMatchObject({
      status: 'failed',
      exit: { signal: 'SIGKILL' },
      termination: { method: 'natural' },
    });
    const ignoring = { ...options, timeout: 100 };
    expect(await run(fixture('ready'), ['--ignore=TERM'], ignoring)).toMatchObject({
      status: 'timeout',
      exit: { signal: 'SIGKILL' },
      termination: { method: 'sigkill' },
    });
  });
});

describeScopes(withMembers, (scope) => {
  test('who ignores SIGTERM is ended when the leader has long gone', async () => {
    const args = ['--members=2', '--leave=0', '--member-ignore=TERM'];
    const { child, members } = await startReady(args, { scope });
    // Success judged on the leader, and killpg(-pid): both leave them all.
    expect(await child.exited).toMatchObject({ code: 0 });
    expect(() => posix.killpg(-child.pid, 'SIGKILL')).toThrow('EINVAL');
    expect(members.filter(isAlive)).toEqual(members);
    expect(await child.terminate({ grace: 100, killWait: 15_000 })).toMatchObject({
      method: 'sigkill',
      survivors: [],
    });
    expect(members.filter(isAlive)).toEqual([]);
  });

  test('what is forked in a handler of SIGTERM is ended', async () => {
    const job = await startForkingHandler(scope);
    expect(await job.child.terminate({ grace: 300, killWait: 15_000 })).toMatchObject({
      method: 'sigkill',
      survivors: [],
    });
    expect(job.live()).toEqual([]);
  });

  describe('an AbortSignal', () => {
    test('starts the escalation; one SIGTERM is not enough', async () => {
      const controller = new AbortController();
      const args = ['--ignore=TERM', '--members=2', '--member-ignore=TERM'];
      const waits = { signal: controller.signal, eofWait: 0, grace: 100 };
      const { child, members } = await startReady(args, { scope, ...waits });
      expect(child.kill('SIGTERM', scope)).toBe(true);
      expect(await isSettled(child.empty)).toBe(false);
      expect(members.filter(isAlive)).toEqual(members);
      controller.abort();
      await child.empty;
      expect(members.filter(isAlive)).toEqual([]);
    });

    test('that has fired before, or fires during the spawn, leaves nothing', async () => {
      const mark = makeMark();
      const [name, value] = mark.split('=') as [string, string];
      const env = { ...process.env, [name]: value };
      const script = 'trap "" TERM; sleep 60 & wait';
      for (let turn = 0; turn < 20; turn++) {
        const controller = new AbortController();
        if (turn % 4 === 0) controller.abort();
        const options = { scope, env, signal: controller.signal, eofWait: 0, grace: 0 } as const;
        const starting = spawn('/bin/sh', ['-c', script], { ...options, stdio: 'ignore' });
        if (turn % 4 === 2) await new Promise(setImmediate);
        if (turn % 4 === 3) await new Promise((resolve) => setTimeout(resolve, 2));
        controller.abort();
        const child = await starting.catch((error: unknown) => error);
        if (child instanceof Error) expect(child).toBeInstanceOf(AbortError);
        else await (child as Awaited<typeof starting>).empty;
        expect(marked(mark)).toEqual([]);
      }
    });
  });
});

/** Its handler of SIGTERM starts another, which ignores it, and exits. */
async function startForkingHandler(scope: Scope) {
  const script =
    `trap 'trap "" TERM; sleep 61 </dev/null >/dev/null 2>&1 & exit 0' TERM; ` +
    'echo ready; while :; do sleep 0.02; done';
  const job = await startMarked('/bin/bash', ['-c', script], scope);
  await firstLine(job.child);
  return job;
}

// What shows that the members above need to be held.
test("scope 'leader' ends the leader and claims no more", async () => {
  const job = await startForkingHandler('leader');
  expect(await job.child.terminate({ grace: 15_000 })).toMatchObject({ method: 'sigterm' });
  expect(await job.child.exited).toMatchObject({ code: 0 });
  await waitFor(() => job.live().some(({ command }) => command === 'sleep'));
});
