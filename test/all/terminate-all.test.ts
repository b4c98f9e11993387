// terminateAll: every scope that this environment has started and not released, and the starts that are
// under way.
import { expect, onTestFinished, test } from 'vitest';
import { attach, run, spawn, terminateAll, type Scope } from '../../src/index.js';
import { startCat } from '../children.js';
import { killMarked, makeMark, marked } from '../scopes/marked.js';
import { endWithTest } from '../support/probe.js';
import { isAlive } from '../support/proc.js';
import { jsonProgram } from '../support/program.js';

const quick = { eofWait: 0, grace: 100, killWait: 2000 };
// Ignores SIGTERM, and so does its member.
const deaf = 'trap "" TERM; sleep 60 & echo; wait; sleep 60';

function env(): { mark: string; env: Record<string, string> } {
  const mark = makeMark();
  onTestFinished(() => killMarked(mark));
  const [name, value] = mark.split('=') as [string, string];
  return { mark, env: { ...(process.env as Record<string, string>), [name]: value } };
}

test('ends children of every kind, and says how each ended', async () => {
  const marked_ = env();
  const options = { stdio: 'ignore', env: marked_.env } as const;
  const scopes: Scope[] = ['leader', 'group', 'session', 'tree'];
  const children = await Promise.all(
    scopes.map((scope) =>
      spawn('/bin/sleep', ['60'], { ...options, scope, session: scope === 'session' }),
    ),
  );
  const stubborn = await spawn('/bin/sh', ['-c', deaf], { ...options, scope: 'tree' });
  const job = run('/bin/sleep', ['60'], { env: marked_.env });
  const ended = await terminateAll({ ...quick, grace: 1500 });
  expect(marked(marked_.mark)).toEqual([]);
  const methodOf = (pid: number) => ended.find(({ identity }) => identity.pid === pid)?.method;
  expect(children.map(({ pid }) => methodOf(pid))).toEqual(scopes.map(() => 'sigterm'));
  expect(methodOf(stubborn.pid)).toBe('sigkill');
  expect((await job).status).toBe('terminated');
  expect(await terminateAll()).toEqual([]);
});

test('leaves what was released, and what was only attached to', async () => {
  const released = endWithTest(
    await spawn('/bin/sleep', ['60'], { stdio: 'ignore', onExit: 'leave' }),
  );
  released.release();
  const foreign = await attach(process.pid);
  onTestFinished(() => void foreign.unref());
  const left = endWithTest(await spawn('/bin/sleep', ['60'], { stdio: 'ignore', onExit: 'leave' }));
  const ended = await terminateAll(quick);
  expect(ended.map(({ identity }) => identity.pid)).toEqual([left.pid]);
  expect(isAlive(released.pid)).toBe(true);
});

test('joins an escalation that is under way, and shortens it', async () => {
  const marked_ = env();
  const child = await spawn('/bin/sh', ['-c', deaf], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: marked_.env,
  });
  await new Promise((resolve) => child.stdout!.once('data', resolve));
  const slow = child.terminate({ eofWait: 0, grace: 60_000 });
  const [ended] = await terminateAll(quick);
  expect(ended).toMatchObject({ method: 'sigkill', identity: child.identity });
  expect(await slow).toMatchObject({ method: 'sigkill' });
});

test('calls off starts under way: nothing is left of them', async () => {
  const marked_ = env();
  const starts = Array.from({ length: 20 }, () =>
    spawn('/bin/sleep', ['60'], { stdio: 'ignore', env: marked_.env }),
  );
  const runs = Array.from({ length: 20 }, () => run('/bin/sleep', ['60'], { env: marked_.env }));
  const outcomes = Promise.allSettled(starts);
  await terminateAll(quick);
  expect(marked(marked_.mark)).toEqual([]);
  for (const outcome of await outcomes) {
    if (outcome.status === 'rejected') {
      expect(outcome.reason).toMatchObject({ name: 'AbortError', code: 'ERR_REAPWELL_ABORTED' });
    }
  }
  for (const { status } of await Promise.all(runs)) expect(status).toBe('terminated');
});

test('a program that starts another one for each that ends comes to an end', async () => {
  const marked_ = env();
  let started = 0;
  const again = (): void => {
    started++;
    void run('/bin/sleep', ['60'], { env: marked_.env }).then(() => {
      if (started < 10_000) again();
    });
  };
  for (let i = 0; i < 5; i++) again();
  await terminateAll(quick);
  // From here on it may start anew.
  started = 10_000;
  await terminateAll(quick);
  expect(marked(marked_.mark)).toEqual([]);
});

test('starts work again afterwards', async () => {
  await startCat();
  await terminateAll(quick);
  expect((await run('/bin/true')).status).toBe('completed');
});

test('a survivor is named, and the others end', async () => {
  const child = await spawn('/bin/sh', ['-c', deaf], { stdio: ['ignore', 'pipe', 'ignore'] });
  endWithTest(child);
  await new Promise((resolve) => child.stdout!.once('data', resolve));
  const other = await startCat();
  const ended = await terminateAll({ escalation: [{ signal: 'SIGTERM', wait: 1500 }] });
  const of = (pid: number) => ended.find(({ identity }) => identity.pid === pid);
  expect(of(other.pid)?.method).toBe('sigterm');
  const { method, survivors } = of(child.pid)!;
  expect(method).toBe('failed');
  expect(survivors.map(({ pid }) => pid)).toContain(child.pid);
});

test('ends those of its own environment: a worker its own', async () => {
  const outcome = await jsonProgram<{ before: boolean; after: boolean; ended: number }>(`
    import { isMainThread, parentPort, Worker } from 'node:worker_threads';
    import { fileURLToPath } from 'node:url';
    import { once } from 'node:events';
    import { spawn, terminateAll } from 'reapwell';
    const alive = (pid) => { try { process.kill(pid, 0); return true; } catch { return false; } };
    if (isMainThread) {
      const mine = await spawn('/bin/sleep', ['60'], { stdio: 'ignore' });
      const worker = new Worker(fileURLToPath(import.meta.url));
      const [{ pid, ended }] = await once(worker, 'message');
      const before = alive(mine.pid) && !alive(pid);
      await terminateAll({ eofWait: 0 });
      console.log(JSON.stringify({ before, after: alive(mine.pid), ended }));
    } else {
      const child = await spawn('/bin/sleep', ['60'], { stdio: 'ignore' });
      const ended = await terminateAll({ eofWait: 0 });
      parentPort.postMessage({ pid: child.pid, ended: ended.length });
    }
  `);
  expect(outcome).toEqual({ before: true, after: false, ended: 1 });
});

test.each([
  [{ grace: -1 }, 'ERR_OUT_OF_RANGE'],
  [{ grace: 'x' }, 'ERR_INVALID_ARG_TYPE'],
  [{ timeuot: 1 }, 'ERR_INVALID_ARG_VALUE'],
  [null, 'ERR_INVALID_ARG_TYPE'],
])('%o is refused, and ends nobody', async (options, code) => {
  const child = await startCat();
  await expect(terminateAll(options as never)).rejects.toMatchObject({ code });
  expect(child.poll().state).toBe('running');
});
