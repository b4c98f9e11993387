// An AbortSignal or a timeout starts the escalation; and nothing is left, whenever it comes.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { AbortError, run, spawn, TimeoutError } from '../../src/index.js';
import { startCat, startReady } from '../children.js';
import { fixture } from '../support/fixture.js';
import { groupMembers, openDescriptors, ownChildren } from '../support/proc.js';
import { waitFor } from '../support/wait-for.js';

async function expectNothingLeft(descriptors: number): Promise<void> {
  // None at all, zombies included, whether it was killed before its exec or after.
  await waitFor(() => ownChildren().length === 0, { what: 'the end of all of its children' });
  await waitFor(() => openDescriptors().size <= descriptors, {
    what: 'its descriptors to be closed',
  });
}

describe('an AbortSignal', () => {
  test('that has fired before: rejects, and the program never runs', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'reapwell-abort-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const reason = new Error('changed my mind');
    const failure = await spawn('/bin/touch', [join(folder, 'ran')], {
      signal: AbortSignal.abort(reason),
    }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(AbortError);
    expect(failure).toMatchObject({ code: 'ERR_REAPWELL_ABORTED', cause: reason });
    // Whatever had been started before it would be done by now.
    await run('/bin/true');
    expect(existsSync(join(folder, 'ran'))).toBe(false);
  });

  test('that fires while it is being started leaves nothing', async () => {
    let before = 0;
    let rejected = 0;
    for (let round = 0; round < 220; round++) {
      // The first few make what the library keeps for good.
      if (round === 20) before = openDescriptors().size;
      const controller = new AbortController();
      const starting = spawn('/bin/cat', [], { signal: controller.signal, eofWait: 0 });
      // Sooner and later: at once, in the next turns of the loop, after a busy moment.
      if (round % 4 === 1) await new Promise(setImmediate);
      if (round % 4 === 2) await new Promise((resolve) => setTimeout(resolve, 1));
      if (round % 4 === 3) {
        const until = performance.now() + Math.random();
        while (performance.now() < until);
      }
      controller.abort();
      try {
        const child = await starting;
        await child.empty;
        expect(child.endedBy).toBe('abort');
      } catch (error) {
        expect(error).toBeInstanceOf(AbortError);
        rejected++;
      }
    }
    expect(rejected).toBeGreaterThan(0);
    await expectNothingLeft(before);
  });

  test('that fires while it runs ends the whole group by the escalation', async () => {
    const controller = new AbortController();
    const { child } = await startReady(['--ignore=TERM', '--members=2', '--member-ignore=TERM'], {
      signal: controller.signal,
      eofWait: 20,
      grace: 20,
    });
    controller.abort();
    await child.empty;
    expect(groupMembers(child.pid)).toEqual([]);
    expect(child.endedBy).toBe('abort');
    expect(await child.exited).toMatchObject({ signal: 'SIGKILL' });
  });

  test('starts with the end of the input, not with a signal', async () => {
    const controller = new AbortController();
    const { child } = await startReady(['--eof', '--exit-on=TERM:9'], {
      signal: controller.signal,
    });
    controller.abort();
    expect(await child.exited).toMatchObject({ code: 0 });
  });

  test('that fires after the end does nothing', async () => {
    const controller = new AbortController();
    const child = await startCat({ signal: controller.signal });
    child.stdin?.end();
    await child.empty;
    controller.abort();
    await new Promise(setImmediate);
    expect(child.endedBy).toBeUndefined();
    expect(child.poll()).toMatchObject({ state: 'exited', exit: { code: 0 } });
  });

  test('that fires when the leader has gone ends the members', async () => {
    const controller = new AbortController();
    const { child, members } = await startReady(['--members=2', '--leave=0'], {
      signal: controller.signal,
    });
    await child.exited;
    expect(groupMembers(child.pid)).toHaveLength(members.length);
    controller.abort();
    await child.empty;
    expect(groupMembers(child.pid)).toEqual([]);
  });

  test('makes run report terminated', async () => {
    const controller = new AbortController();
    const running = run(fixture('ready'), [], { signal: controller.signal, eofWait: 10 });
    setTimeout(() => controller.abort(), 100);
    expect(await running).toMatchObject({
      status: 'terminated',
      exit: { signal: 'SIGTERM' },
      termination: { method: 'sigterm', survivors: [] },
    });
  });

  test('that fired before makes run report terminated, with nothing started', async () => {
    expect(await run('/bin/cat', [], { signal: AbortSignal.abort() })).toMatchObject({
      status: 'terminated',
      exit: null,
      pid: null,
      error: { code: 'ERR_REAPWELL_ABORTED' },
    });
  });
});

describe('a timeout', () => {
  test('ends the whole group by the escalation', async () => {
    const { child } = await startReady(['--ignore=TERM', '--members=2', '--member-ignore=TERM'], {
      timeout: 100,
      eofWait: 20,
      grace: 20,
    });
    await child.empty;
    expect(groupMembers(child.pid)).toEqual([]);
    expect(child.endedBy).toBe('timeout');
  });

  test('that is over at once leaves nothing, however far the start had come', async () => {
    let before = 0;
    for (let round = 0; round < 60; round++) {
      if (round === 20) before = openDescriptors().size;
      try {
        const child = await spawn('/bin/cat', [], { timeout: 0.001, eofWait: 0 });
        await child.empty;
        expect(child.endedBy).toBe('timeout');
      } catch (error) {
        expect(error).toBeInstanceOf(TimeoutError);
      }
    }
    await expectNothingLeft(before);
  });

  test('that is not reached does nothing', async () => {
    expect(await run('/bin/true', [], { timeout: 20_000 })).toMatchObject({ status: 'completed' });
  });

  test('of 0 is none, as in node:child_process', async () => {
    const child = await startCat({ timeout: 0 });
    const job = run('/bin/sleep', ['0.2'], { timeout: 0 });
    expect(await job).toMatchObject({ status: 'completed', termination: { method: 'natural' } });
    expect(child.endedBy).toBeUndefined();
    expect(child.poll()).toEqual({ state: 'running' });
  });
});
