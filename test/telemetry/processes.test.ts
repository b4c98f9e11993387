// What the channels tell of one process: its start, its exit, its stops, its end by us.
import { AsyncLocalStorage } from 'node:async_hooks';
import { spawn as spawnOfNode } from 'node:child_process';
import diagnosticsChannel from 'node:diagnostics_channel';
import { describe, expect, onTestFinished, test } from 'vitest';
import { attach, channels, spawn, type ExitMessage, type SpawnMessage } from '../../src/index.js';
import { start, startCat, startReady } from '../children.js';
import { fixture } from '../support/fixture.js';
import { failure } from '../support/failure.js';
import { waitFor } from '../support/wait-for.js';
import { channelNames, listenTo, of } from './listening.js';

test('every channel is the one of its name in node:diagnostics_channel', () => {
  expect(channelNames).toHaveLength(8);
  for (const name of channelNames) {
    expect(channels[name]).toBe(diagnosticsChannel.channel(name));
  }
});

describe('reapwell:spawn', () => {
  test('tells of a start: who it became, and how long that took', async () => {
    const spawns = listenTo('reapwell:spawn');
    const calledAt = performance.now();
    const child = await startCat({ argv0: 'other-name' });
    const tookAtMost = performance.now() - calledAt;
    expect(spawns).toEqual([
      {
        outcome: 'started',
        runId: null,
        file: '/bin/cat',
        args: [],
        pid: child.pid,
        identity: child.identity,
        pgid: child.pgid,
        scope: 'group',
        latencyMs: expect.any(Number) as number,
      },
    ]);
    expect(spawns[0]).toHaveProperty('identity', child.identity);
    expect(spawns[0]!.latencyMs).toBeGreaterThan(0);
    expect(spawns[0]!.latencyMs).toBeLessThanOrEqual(tookAtMost);
  });

  test('tells of a start that failed, with the error that the caller gets', async () => {
    const spawns = listenTo('reapwell:spawn');
    const error = await failure(spawn('/no/such/program', ['a', 'b']));
    expect(spawns).toMatchObject([
      { outcome: 'failed', runId: null, file: '/no/such/program', args: ['a', 'b'] },
    ]);
    expect(spawns[0]).toHaveProperty('error.code', 'ENOENT');
    expect((spawns[0] as { error: Error }).error).toBe(error);
    expect(spawns[0]).not.toHaveProperty('pid');
  });

  test('tells of a start that was aborted', async () => {
    const spawns = listenTo('reapwell:spawn');
    await failure(spawn('/bin/cat', [], { signal: AbortSignal.abort() }));
    expect(spawns).toMatchObject([{ outcome: 'failed', error: { code: 'ERR_REAPWELL_ABORTED' } }]);
  });

  test('tells nothing of bad arguments', async () => {
    const spawns = listenTo('reapwell:spawn');
    await failure(spawn('', []));
    expect(spawns).toEqual([]);
  });

  test("is told in the caller's async context", async () => {
    const storage = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    const look = (): void => void seen.push(storage.getStore());
    channels['reapwell:spawn'].subscribe(look);
    onTestFinished(() => void channels['reapwell:spawn'].unsubscribe(look));
    await storage.run('the caller', () => startCat());
    expect(seen).toEqual(['the caller']);
  });
});

describe('reapwell:exit', () => {
  test('tells of the exit once, after the spawn, with the very exit that all others get', async () => {
    const order: string[] = [];
    for (const name of ['reapwell:spawn', 'reapwell:exit'] as const) {
      const note = (message: SpawnMessage | ExitMessage): void => {
        if ('pid' in message) order.push(`${name} ${message.pid}`);
      };
      channels[name].subscribe(note);
      onTestFinished(() => void channels[name].unsubscribe(note));
    }
    const exits = listenTo('reapwell:exit');
    const child = await start(fixture('exit-with'), ['code', '7']);
    const exit = await child.exited;
    const own = of(child, exits);
    expect(own).toMatchObject([{ pid: child.pid, attached: false, exit: { code: 7 } }]);
    expect(own[0]!.exit).toBe(exit);
    expect(order.filter((line) => line.endsWith(` ${child.pid}`))).toEqual([
      `reapwell:spawn ${child.pid}`,
      `reapwell:exit ${child.pid}`,
    ]);
  });

  test('says how long the event loop was late for it', async () => {
    const exits = listenTo('reapwell:exit');
    const child = await startCat();
    child.kill('SIGKILL');
    const deadline = performance.now() + 10_000;
    while (child.poll().state !== 'exited' && performance.now() < deadline);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
    await child.exited;
    const [message] = of(child, exits);
    // The reaper saw it long before this thread let go; how long before is the machine's affair.
    expect(message!.latencyMs).toBeGreaterThan(100);
    expect(message!.latencyMs).toBeLessThan(60_000);
  });

  test('tells of a process that was attached to, and says so', async () => {
    const exits = listenTo('reapwell:exit');
    const spawns = listenTo('reapwell:spawn');
    const foreign = spawnOfNode('/bin/cat', { stdio: ['pipe', 'ignore', 'ignore'] });
    onTestFinished(() => void foreign.kill('SIGKILL'));
    const process = await attach(foreign);
    foreign.stdin.end();
    await process.exited;
    expect(of(process, exits)).toMatchObject([{ pid: foreign.pid, attached: true }]);
    expect(spawns).toEqual([]);
  });
});

describe('reapwell:stop and reapwell:continue', () => {
  // Without the claim on SIGCHLD nobody would look for stops if the channels did not ask for it.
  test('tell of both, though the child has no listener', async () => {
    const stops = listenTo('reapwell:stop');
    const continues = listenTo('reapwell:continue');
    const child = await startCat();
    process.kill(child.pid, 'SIGSTOP');
    await waitFor(() => stops.length === 1, { what: 'the stop' });
    expect(continues).toEqual([]);
    process.kill(child.pid, 'SIGCONT');
    await waitFor(() => continues.length === 1, { what: 'the continue' });
    expect(stops).toEqual([{ pid: child.pid, identity: child.identity, signal: 'SIGSTOP' }]);
    expect(continues).toEqual([{ pid: child.pid, identity: child.identity }]);
    expect(stops[0]!.identity).toBe(child.identity);
  });
});

describe('reapwell:terminate:step and reapwell:terminate', () => {
  test('tell of each step when it is over, and then of the whole', async () => {
    const steps = listenTo('reapwell:terminate:step');
    const terminations = listenTo('reapwell:terminate');
    const { child } = await startReady(['--ignore=TERM']);
    const ending = child.terminate({ eofWait: 30, grace: 30 });
    await waitFor(() => steps.length === 1, { what: 'the first step' });
    expect(terminations).toEqual([]);
    const termination = await ending;
    expect(termination.method).toBe('sigkill');
    expect(steps.map(({ index, step }) => [index, step.step, step.ended])).toEqual([
      [0, 'eof', false],
      [1, 'sigterm', false],
      [2, 'sigkill', true],
    ]);
    for (const { index, step } of steps) expect(step).toBe(termination.steps[index]);
    expect(terminations).toEqual([{ pid: child.pid, identity: child.identity, termination }]);
    expect(terminations[0]!.termination).toBe(termination);
  });

  test('tell of calls that were joined once', async () => {
    const terminations = listenTo('reapwell:terminate');
    const { child } = await startReady();
    await Promise.all([child.terminate({ eofWait: 0 }), child.terminate({ eofWait: 0 })]);
    expect(terminations).toHaveLength(1);
  });

  test('tell that nothing was there to end', async () => {
    const steps = listenTo('reapwell:terminate:step');
    const terminations = listenTo('reapwell:terminate');
    const child = await start(fixture('exit-with'), ['code', '0']);
    await child.empty;
    await child.terminate();
    expect(steps).toEqual([]);
    expect(terminations).toMatchObject([
      { pid: child.pid, termination: { method: 'not_running' } },
    ]);
  });

  test('name a step that failed to be delivered', async () => {
    const steps = listenTo('reapwell:terminate:step');
    const child = await startCat();
    const refusal = new Error('refused');
    await child.terminate({
      escalation: [
        { action: () => Promise.reject(refusal), wait: 20 },
        { signal: 'SIGKILL', wait: 5000 },
      ],
    });
    expect(steps[0]).toMatchObject({ index: 0, step: { step: 'action', delivered: false } });
    expect(steps[0]!.step.error).toBe(refusal);
  });
});
