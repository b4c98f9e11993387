// What the channels tell of a whole run.
import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, expect, onTestFinished, test } from 'vitest';
import { channels, run, type RunEndMessage, type RunMessage } from '../../src/index.js';
import { publishRecover } from '../../src/telemetry/publish.js';
import { fixture } from '../support/fixture.js';
import { listenTo } from './listening.js';

const exitWith = fixture('exit-with');

function ends(messages: RunMessage[]): RunEndMessage[] {
  return messages.filter((message) => message.phase === 'end');
}

describe('reapwell:run', () => {
  test('tells of the start within the call, and of the very result', async () => {
    const runs = listenTo('reapwell:run');
    const storage = new AsyncLocalStorage<string>();
    const contexts: unknown[] = [];
    const look = (): void => void contexts.push(storage.getStore());
    channels['reapwell:run'].subscribe(look);
    onTestFinished(() => void channels['reapwell:run'].unsubscribe(look));

    const running = storage.run('the caller', () => run('/bin/echo', ['hello']));
    expect(runs).toEqual([
      { phase: 'start', runId: expect.any(String) as string, file: '/bin/echo', args: ['hello'] },
    ]);
    const completion = await running;
    expect(runs).toHaveLength(2);
    expect(runs[1]).toEqual({ ...runs[0], phase: 'end', completion });
    expect(ends(runs)[0]!.completion).toBe(completion);
    expect(contexts).toEqual(['the caller', 'the caller']);
  });

  test.each([
    ['completed', () => run(exitWith, ['code', '0'])],
    ['failed', () => run(exitWith, ['code', '3'])],
    ['failed', () => run(exitWith, ['signal', '9'])],
    ['timeout', () => run('/bin/sleep', ['60'], { timeout: 50 })],
    ['terminated', () => run('/bin/sleep', ['60'], { signal: AbortSignal.timeout(50) })],
    ['terminated', () => run('/bin/sleep', ['60'], { signal: AbortSignal.abort() })],
    ['error', () => run('/no/such/program')],
  ] as const)('tells of one that is %s (%#)', async (status, begin) => {
    const runs = listenTo('reapwell:run');
    const completion = await begin();
    expect(completion.status).toBe(status);
    expect(runs.map(({ phase }) => phase)).toEqual(['start', 'end']);
    expect(ends(runs)[0]!.completion).toBe(completion);
  });

  test('tells nothing of bad arguments', async () => {
    const runs = listenTo('reapwell:run');
    await expect(run('/bin/echo', [], { timeout: -1 })).rejects.toThrow(RangeError);
    expect(runs).toEqual([]);
  });

  test('has an id that its spawn has too, and no other run', async () => {
    const runs = listenTo('reapwell:run');
    const spawns = listenTo('reapwell:spawn');
    const files = [exitWith, exitWith, '/no/such/program'];
    await Promise.all(files.map((file, code) => run(file, ['code', `${code}`])));
    const ids = runs.filter(({ phase }) => phase === 'start').map(({ runId }) => runId);
    expect(new Set(ids).size).toBe(files.length);
    const byArgs = (messages: { args: readonly string[]; runId: string | null }[]): unknown =>
      Object.fromEntries(messages.map(({ args, runId }) => [args[1], runId]));
    expect(byArgs(spawns)).toEqual(byArgs(runs));
    expect(spawns.map(({ outcome }) => outcome).sort()).toEqual(['failed', 'started', 'started']);
  });

  test('tells of the end of one that started before anybody listened', async () => {
    const running = run(exitWith, ['code', '0']);
    const runs = listenTo('reapwell:run');
    const completion = await running;
    expect(runs).toMatchObject([{ phase: 'end', file: exitWith, completion }]);
  });
});

describe('reapwell:recover', () => {
  test('tells of an entry, its outcome and its termination', () => {
    const recoveries = listenTo('reapwell:recover');
    const termination = { method: 'sigterm', steps: [], survivors: [], durationMs: 5 } as const;
    publishRecover('job-1', 'gone');
    publishRecover('job-2', 'ended', termination);
    expect(recoveries).toEqual([
      { id: 'job-1', outcome: 'gone' },
      { id: 'job-2', outcome: 'ended', termination },
    ]);
    expect(recoveries[0]).not.toHaveProperty('termination');
  });
});
