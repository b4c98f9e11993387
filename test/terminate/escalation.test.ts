// The default escalation: end of input, SIGTERM, SIGKILL; each only if the one before was not enough.
import { finished } from 'node:stream/promises';
import { describe, expect, test } from 'vitest';
import { run, type Termination } from '../../src/index.js';
import { firstLine, start, startCat, startReady } from '../children.js';
import { fixture } from '../support/fixture.js';
import { groupMembers } from '../support/proc.js';

const stepNames = ({ steps }: Termination) => steps.map(({ step }) => step);

/** That a step waited as long as it was told to, where it did not end the scope. */
function expectWaited(termination: Termination, waits: Record<string, number>): void {
  for (const { step, ended, durationMs } of termination.steps) {
    // Node's timers may come a millisecond early, by the clock that durations are taken from.
    if (!ended) expect(durationMs).toBeGreaterThan(waits[step]! - 2);
  }
}

describe('a child', () => {
  test("that ends at the end of its input is ended by 'eof', and sent no SIGTERM", async () => {
    const cat = await startCat();
    const termination = await cat.terminate();
    expect(termination).toMatchObject({ method: 'eof', survivors: [] });
    expect(termination.steps).toMatchObject([{ step: 'eof', delivered: true, ended: true }]);
    expect(await cat.exited).toMatchObject({ code: 0, signal: null });

    // This one would tell.
    const { child } = await startReady(['--eof', '--exit-on=TERM:9']);
    expect(await child.terminate()).toMatchObject({ method: 'eof' });
    expect(await child.exited).toMatchObject({ code: 0 });
  });

  test("that ignores the end of its input is ended by 'sigterm'", async () => {
    const { child } = await startReady();
    const termination = await child.terminate({ eofWait: 50 });
    expect(termination).toMatchObject({ method: 'sigterm', survivors: [] });
    expect(termination.steps).toMatchObject([
      { step: 'eof', delivered: true, ended: false },
      { step: 'sigterm', delivered: true, ended: true },
    ]);
    expectWaited(termination, { eof: 50 });
    expect(await child.exited).toMatchObject({ code: null, signal: 'SIGTERM' });
  });

  test("that ignores both is ended by 'sigkill'", async () => {
    const { child } = await startReady(['--ignore=TERM']);
    const termination = await child.terminate({ eofWait: 50, grace: 150 });
    expect(termination).toMatchObject({ method: 'sigkill', survivors: [] });
    expect(termination.steps).toMatchObject([
      { step: 'eof', ended: false },
      { step: 'sigterm', delivered: true, ended: false },
      { step: 'sigkill', delivered: true, ended: true },
    ]);
    expectWaited(termination, { eof: 50, sigterm: 150 });
    expect(termination.durationMs).toBeGreaterThan(196);
    expect(await child.exited).toMatchObject({ code: null, signal: 'SIGKILL' });
  });

  test('without an input of ours starts with SIGTERM', async () => {
    const { child } = await startReady([], { stdio: ['ignore', 'pipe', 'ignore'] });
    expect(stepNames(await child.terminate())).toEqual(['sigterm']);
  });

  test('whose input has been ended starts with SIGTERM', async () => {
    const { child } = await startReady();
    child.stdin?.destroy();
    expect(stepNames(await child.terminate())).toEqual(['sigterm']);
  });

  test('gets what was written before the end of its input', async () => {
    const child = await start('/bin/cat', [], { stdio: ['pipe', 'pipe', 'ignore'] });
    const bytes = 1_000_000;
    let read = 0;
    child.stdout?.on('data', (chunk: Buffer) => (read += chunk.length));
    child.stdin?.write(Buffer.alloc(bytes));
    expect(await child.terminate({ eofWait: 10_000 })).toMatchObject({ method: 'eof' });
    await finished(child.stdout!);
    expect(read).toBe(bytes);
  });

  test.each([0, 7])('keeps the code %d with which its handler of SIGTERM exits', async (code) => {
    const { child } = await startReady([`--exit-on=TERM:${code}`]);
    expect(await child.terminate({ eofWait: 10 })).toMatchObject({ method: 'sigterm' });
    expect(await child.exited).toMatchObject({ code, signal: null });
  });

  test('that has exited is not running, and nothing is done', async () => {
    const child = await start(fixture('exit-with'), ['code', '3'], { stdio: 'ignore' });
    await child.empty;
    expect(await child.terminate()).toMatchObject({
      method: 'not_running',
      steps: [],
      survivors: [],
    });
    expect(child.endedBy).toBeUndefined();
    expect(await child.exited).toMatchObject({ code: 3 });
  });

  test('that has exited a moment ago, of which nobody has heard yet, is not running', async () => {
    for (let round = 0; round < 50; round++) {
      const child = await start(fixture('exit-now'), [], { stdio: 'ignore' });
      while (child.poll().state === 'running');
      expect(await child.terminate()).toMatchObject({ method: 'not_running', steps: [] });
    }
  });

  test('that an outsider kills has ended naturally', async () => {
    const completion = await run(fixture('exit-with'), ['signal', '9']);
    expect(completion).toMatchObject({ status: 'failed', termination: { method: 'natural' } });
    const child = await startCat();
    process.kill(child.pid, 'SIGKILL');
    await child.empty;
    expect(child.endedBy).toBeUndefined();
    expect(await child.terminate()).toMatchObject({ method: 'not_running' });
  });
});

describe('the escalation covers the whole group', () => {
  test('a leader that has left, and a grandchild that ignores SIGTERM', async () => {
    const script = '(trap "" TERM; echo ready; while :; do sleep 9; done) & exit 0';
    for (let round = 0; round < 5; round++) {
      const child = await start('/bin/sh', ['-c', script], { stdio: ['ignore', 'pipe', 'ignore'] });
      await firstLine(child);
      expect(await child.exited).toMatchObject({ code: 0 });
      const termination = await child.terminate({ grace: 50 });
      expect(termination).toMatchObject({ method: 'sigkill', survivors: [] });
      expect(stepNames(termination)).toEqual(['sigterm', 'sigkill']);
      expect(groupMembers(child.pid)).toEqual([]);
    }
  });

  test('a leader that ends at once, and members that do not', async () => {
    const { child } = await startReady(['--eof', '--members=3', '--member-ignore=TERM']);
    const termination = await child.terminate({ eofWait: 30, grace: 30 });
    expect(termination).toMatchObject({ method: 'sigkill', survivors: [] });
    // The leader's going is not the end of the step.
    expectWaited(termination, { eof: 30, sigterm: 30 });
    expect(await child.exited).toMatchObject({ code: 0 });
    expect(groupMembers(child.pid)).toEqual([]);
  });

  test('what is forked in a handler of SIGTERM', async () => {
    const script =
      'trap "(trap \\"\\" TERM; sleep 60) >/dev/null 2>&1 & exit 0" TERM; ' +
      'echo ready; while :; do sleep 0.02; done';
    for (let round = 0; round < 5; round++) {
      const child = await start('/bin/sh', ['-c', script], { stdio: ['ignore', 'pipe', 'ignore'] });
      await firstLine(child);
      expect(await child.terminate({ grace: 200 })).toMatchObject({
        method: 'sigkill',
        survivors: [],
      });
      expect(await child.exited).toMatchObject({ code: 0 });
      expect(groupMembers(child.pid)).toEqual([]);
    }
  });
});

describe('what is stopped is ended within the grace period', () => {
  test.each(['SIGSTOP', 'SIGTSTP', 'SIGTTIN'] as const)('a leader, by %s', async (signal) => {
    const { child } = await startReady([`--exit-on=TERM:4`]);
    process.kill(child.pid, signal);
    expect(await child.terminate({ eofWait: 20 })).toMatchObject({ method: 'sigterm' });
    expect(await child.exited).toMatchObject({ code: 4 });
  });

  test('a member', async () => {
    const { child, members } = await startReady(['--members=2']);
    process.kill(members[0]!, 'SIGSTOP');
    expect(await child.terminate({ eofWait: 20 })).toMatchObject({ method: 'sigterm' });
    expect(groupMembers(child.pid)).toEqual([]);
  });

  test('all of them', async () => {
    const { child } = await startReady(['--members=3']);
    child.kill('SIGSTOP', 'group');
    expect(await child.terminate({ eofWait: 20 })).toMatchObject({ method: 'sigterm' });
    expect(groupMembers(child.pid)).toEqual([]);
  });

  test('members of a leader that has left', async () => {
    const { child } = await startReady(['--members=3', '--leave=0']);
    await child.exited;
    child.kill('SIGSTOP', 'group');
    expect(await child.terminate()).toMatchObject({ method: 'sigterm' });
    expect(groupMembers(child.pid)).toEqual([]);
  });
});
