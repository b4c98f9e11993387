// What a peer is asked to do, the same code for all of them. Times are microseconds by the peer's own
// monotonic clock; each operation returns its samples.
//
// An adapter is how one library is used, as its documentation shows:
//   start(file, args)              starts it without pipes; what it returns is for the other functions
//   exited(started)                a promise for its exit
//   ready(started)                 a promise for what kill() takes: it runs
//   kill(ready, signal)
//   capture(file, args)            a promise for its standard output, as a string
//   transfer(file, args, input, wanted)   a promise for the number of bytes read from its output
import { gc } from './gc.mjs';

const now = () => performance.now() * 1000;

/** What is held alive, by adapter. */
const held = new Map();

/** One at a time: each one's time. More at a time: the time for all, divided by their number. */
async function chain({ start, exited }, { file, args = [], count, concurrency = 1 }) {
  const samples = [];
  if (concurrency === 1) {
    for (let i = 0; i < count; i++) {
      const before = now();
      await exited(start(file, args));
      samples.push(now() - before);
    }
    return samples;
  }
  let left = count;
  const lane = async () => {
    while (left-- > 0) await exited(start(file, args));
  };
  const before = now();
  await Promise.all(Array.from({ length: concurrency }, lane));
  return [(now() - before) / count];
}

/**
 * How long the loop can do nothing else: the call, and the promise jobs that it leaves behind, which run
 * before the second immediate. And, apart, all that the loop's thread computes for a child from its start
 * to its exit, where the runtime can tell.
 */
async function block({ start, exited }, { file, args = [], count }) {
  const samples = [];
  const cpuBefore = globalThis.process?.threadCpuUsage?.();
  for (let i = 0; i < count; i++) {
    const { started, took } = await new Promise((resolve, reject) => {
      let before;
      let started;
      setImmediate(() => {
        before = now();
        try {
          started = start(file, args);
        } catch (error) {
          reject(error);
        }
      });
      setImmediate(() => resolve({ started, took: now() - before }));
    });
    samples.push(took);
    await exited(started);
  }
  const cpu = cpuBefore && globalThis.process.threadCpuUsage(cpuBefore);
  return { samples, cpu: cpu ? (cpu.user + cpu.system) / count : null };
}

async function capture(adapter, { file, args = [], count, expected }) {
  const samples = [];
  for (let i = 0; i < count; i++) {
    const before = now();
    const text = await adapter.capture(file, args);
    samples.push(now() - before);
    if (text.trimEnd() !== expected) throw new Error(`captured ${JSON.stringify(text)}`);
  }
  return samples;
}

/** From the request to end it to the promise of its exit. */
async function end({ start, exited, ready, kill }, { file, count, signal = 'SIGTERM' }) {
  const samples = [];
  for (let i = 0; i < count; i++) {
    const started = start(file, []);
    const gone = exited(started);
    const child = await ready(started);
    const before = now();
    kill(child, signal);
    await gone;
    samples.push(now() - before);
  }
  return samples;
}

/** Starts `count` that stay, as many at a time as the library takes; microseconds for all of them. */
async function hold(adapter, { file, count }) {
  const before = now();
  const all = Array.from({ length: count }, () => {
    const started = adapter.start(file, []);
    return { started, gone: adapter.exited(started), ready: adapter.ready(started) };
  });
  for (const one of all) one.child = await one.ready;
  const took = now() - before;
  held.set(adapter, [...(held.get(adapter) ?? []), ...all]);
  return took;
}

/** Ends all that are held; microseconds until every exit was told. */
async function letGo(adapter) {
  const all = held.get(adapter) ?? [];
  held.delete(adapter);
  const before = now();
  for (const { child } of all) adapter.kill(child, 'SIGKILL');
  await Promise.all(all.map(({ gone }) => gone));
  return now() - before;
}

async function transfer(adapter, { file, args = [], bytes = 0, wanted = 0, count }) {
  const samples = [];
  const input = bytes === 0 ? undefined : new Uint8Array(bytes).fill(97);
  for (let i = 0; i < count; i++) {
    const before = now();
    const got = await adapter.transfer(file, args, input, wanted > 0);
    samples.push(now() - before);
    if (got !== wanted) throw new Error(`${got} bytes instead of ${wanted}`);
  }
  return samples;
}

/** Nanoseconds of one poll() of a child that runs, and of one that has exited. */
async function poll({ start, ready, kill, exited }, { file, count }) {
  const started = start(file, []);
  const child = await ready(started);
  const each = () => {
    const before = now();
    for (let i = 0; i < count; i++) child.poll();
    return ((now() - before) * 1000) / count;
  };
  const running = each();
  kill(child, 'SIGKILL');
  await exited(started);
  return { running, exited: each() };
}

/** The system calls of polls are counted between two that can be told apart: see questions/poll.mjs. */
async function pollBetweenMarks({ start, ready, kill, exited }, { file, count, marks }) {
  const { accessSync } = await import('node:fs');
  const mark = (path) => {
    try {
      accessSync(path);
    } catch {
      // It isn't there; only the question is wanted.
    }
  };
  const started = start(file, []);
  const child = await ready(started);
  mark(marks[0]);
  for (let i = 0; i < count; i++) child.poll();
  mark(marks[1]);
  kill(child, 'SIGKILL');
  await exited(started);
  mark(marks[2]);
  for (let i = 0; i < count; i++) child.poll();
  mark(marks[3]);
}

/** `rate` starts a second for `seconds`; late ones are caught up with. Returns what was achieved. */
function pace({ start, exited }, { file, rate, seconds }) {
  const total = rate * seconds;
  const begin = now();
  let begun = 0;
  let ended = 0;
  let most = 0;
  return new Promise((resolve, reject) => {
    const done = () => {
      if (++ended === total) resolve({ seconds: (now() - begin) / 1e6, total, mostAtOnce: most });
    };
    const timer = setInterval(() => {
      const due = Math.min(total, Math.floor(((now() - begin) / 1e6) * rate));
      for (; begun < due; begun++) exited(start(file, [])).then(done, reject);
      most = Math.max(most, begun - ended);
      if (begun === total) clearInterval(timer);
    }, 1);
  });
}

const kept = [];

/** Makes the process large: in buffers, as those of a program that handles data are. */
function fill(_adapter, { megabytes }) {
  while (kept.length < megabytes) kept.push(new Uint8Array(1024 * 1024).fill(1));
}

/** Collects garbage, and waits for what is under way. */
async function settle() {
  for (let i = 0; i < 4; i++) {
    gc();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export const operations = {
  ...{ chain, block, capture, end, hold, letGo, transfer, poll, pollBetweenMarks, pace, fill },
  settle,
};
