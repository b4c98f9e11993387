// A program's fake clocks and timers are its own: children go on in real time.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { openJournal, run, spawn } from '../../src/index.js';
import { fixture } from '../support/fixture.js';
import { temporaryDirectory } from '../support/probe.js';
import { jsonProgram } from '../support/program.js';

// All that vitest fakes, but for nextTick, without which Node's own streams stand still.
beforeEach(() => {
  vi.useFakeTimers({
    now: 0,
    toFake: [
      ...(['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'] as const),
      ...(['setImmediate', 'clearImmediate', 'queueMicrotask', 'performance', 'hrtime'] as const),
    ],
  });
});

afterEach(() => {
  vi.useRealTimers();
});

const patient = { stdio: 'ignore', eofWait: 0 } as const;

test('run ends, and takes the time that it takes', async () => {
  const { status, stdout, durationMs } = await run('/bin/sh', ['-c', 'sleep 0.1; echo done']);
  expect({ status, stdout }).toEqual({ status: 'completed', stdout: 'done\n' });
  expect(durationMs).toBeGreaterThan(90);
});

test('a program that is over before it is known of is told of', async () => {
  for (let i = 0; i < 20; i++) expect((await run(fixture('exit-now'))).status).toBe('completed');
});

test('run does not wait for ever for a pipe that somebody else holds', async () => {
  const { status, stdout } = await run('/bin/sh', ['-c', 'echo mine; sleep 60 & exit 0'], {
    stragglers: 'terminate',
    eofWait: 0,
    grace: 50,
  });
  expect({ status, stdout }).toEqual({ status: 'completed', stdout: 'mine\n' });
});

test('a timeout, each step of an escalation, and onProgress come', async () => {
  let calls = 0;
  const { status, termination } = await run(
    '/bin/sh',
    ['-c', 'trap "" TERM; while :; do sleep 0.05; done'],
    { timeout: 200, eofWait: 0, grace: 100, progressInterval: 20, onProgress: () => calls++ },
  );
  expect({ status, method: termination.method }).toEqual({ status: 'timeout', method: 'sigkill' });
  expect(calls).toBeGreaterThan(1);
});

test('wait() has its deadline, also for a signal that has fired', async () => {
  const child = await spawn('/bin/sleep', ['60'], patient);
  await expect(child.wait({ timeout: 10 })).rejects.toThrow('10 ms');
  const signal = AbortSignal.abort();
  await expect(child.wait({ signal })).rejects.toThrow('aborted');
  expect((await child.terminate()).method).toBe('sigterm');
});

test('an AbortSignal that has fired before the start, and a hung start, are heeded', async () => {
  const signal = AbortSignal.timeout(50);
  const { status } = await run('/bin/sleep', ['60'], { signal, eofWait: 0 });
  expect(status).toBe('terminated');
  await expect(spawn('/bin/sleep', ['60'], { signal })).rejects.toThrow('aborted');
});

test('a listener that throws is an uncaught exception all the same', async () => {
  const uncaught = vi.fn();
  const others = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException').on('uncaughtException', uncaught);
  try {
    const child = await spawn(fixture('exit-now'), [], patient);
    child.on('exit', () => {
      throw new Error('of the listener');
    });
    await child.empty;
    await vi.waitFor(() => expect(uncaught).toHaveBeenCalledOnce());
  } finally {
    process.removeAllListeners('uncaughtException');
    for (const each of others) process.on('uncaughtException', each);
  }
});

test('records carry the real time', async () => {
  await using journal = await openJournal(temporaryDirectory());
  await run('/bin/true', [], { journal });
  const [entry] = journal.entries();
  expect(entry!.startedAt).toBeGreaterThan(1.6e12);
  expect(await journal.prune({ olderThan: 60_000 })).toBe(0);
});

test('output is not lost for a fake process.nextTick, by which streams live', async () => {
  vi.useRealTimers();
  const outcome = await jsonProgram(`
    import { run } from 'reapwell';
    process.nextTick = () => undefined;
    const done = await run('sh', [
      '-c',
      'echo early; sleep 0.1; echo late; head -c 500000 /dev/zero >&2',
    ]);
    console.log(JSON.stringify([done.status, done.stdout, done.stderr.length, done.truncated]));
  `);
  expect(outcome).toEqual(['completed', 'early\nlate\n', 500_000, false]);
});

test("node:test's mocked timers change nothing either", async () => {
  vi.useRealTimers();
  expect(await jsonProgram("import '../../fixtures/mocked-timers.mjs';")).toEqual({
    completed: ['completed', 'early\nlate\n', true],
    timedOut: ['timeout', true],
    waited: 'ERR_REAPWELL_TIMEOUT',
    method: 'eof',
  });
});
