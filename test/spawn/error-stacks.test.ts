// An error that is told later than the call shows who made the call.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { attach, openJournal, posix, run, spawn, type Journal } from '../../src/index.js';

const nowhere = { scope: 'cgroup', cgroup: { parent: '/no/such/cgroup' } } as const;
const dir = mkdtempSync(join(tmpdir(), 'reapwell-'));
let journal: Journal;

beforeAll(async () => {
  journal = await openJournal(dir);
  writeFileSync(join(dir, 'file'), '');
});

afterAll(async () => {
  await journal.close();
  rmSync(dir, { recursive: true });
});

const nope = '/no/such/program';

const calls: [string, () => Promise<unknown>][] = [
  ['spawn', () => spawn(nope)],
  ['a missing cwd', () => spawn('true', [], { cwd: nope })],
  ['a scope that can’t be had', () => spawn('true', [], nowhere)],
  ['its fallback', () => spawn(nope, [], { ...nowhere, scope: ['cgroup', 'group'] })],
  ['a journalled one', () => spawn(nope, [], { journal })],
  ['one that was called off', () => spawn('true', [], { signal: AbortSignal.abort() })],
  ['a bad argument', () => spawn('')],
  ['a bad argument of run', () => run('')],
  ['attach', () => attach(2 ** 30)],
  ['attach, a bad argument', () => attach(0)],
  ['openJournal, in use', () => openJournal(dir)],
  ['openJournal, no directory', () => openJournal(join(dir, 'file'))],
  ['recover', () => journal.recover({ action: 'nothing' as never })],
  ['prune', () => journal.prune({ olderThan: -1 })],
  ['posixSpawn', () => Promise.resolve().then(() => posix.posixSpawn(nope))],
  [
    'wait',
    async () => {
      const child = await spawn('sleep', ['60'], { stdio: 'ignore' });
      try {
        return await child.wait({ timeout: 1 });
      } finally {
        await child.terminate();
      }
    },
  ],
];

// Each awaits in its own way; its name must be in the stack.
const awaiters: [string, (call: () => Promise<unknown>) => Promise<void>][] = [
  [
    'awaits',
    async (call) => {
      await call();
    },
  ],
  [
    'catches',
    async (call) => {
      const error: unknown = await call().catch((thrown: unknown) => thrown);
      throw error;
    },
  ],
  [
    'waitsForAll',
    async (call) => {
      await Promise.all([call(), call()]);
    },
  ],
  [
    'races',
    async (call) => {
      await Promise.race([call(), new Promise(() => undefined)]);
    },
  ],
  [
    'awaitsLater',
    async (call) => {
      const promise = call();
      await promise;
    },
  ],
];

async function theCaller(call: () => Promise<unknown>): Promise<void> {
  await call();
}

function named(name: string, awaiter: (typeof awaiters)[number][1]): (typeof awaiters)[number][1] {
  Object.defineProperty(awaiter, 'name', { value: name });
  return awaiter;
}

async function errorOf(attempt: Promise<unknown>): Promise<Error> {
  const outcome = await attempt.then(
    () => 'no error',
    (error: unknown) => error,
  );
  expect(outcome).toBeInstanceOf(Error);
  return outcome as Error;
}

test.each(calls)('%s', async (_, call) => {
  const error = await errorOf(theCaller(call));
  expect(error.stack).toContain('error-stacks.test.ts');
  expect(error.stack?.split('\n')[0]).toContain(error.message);
});

test.each(awaiters)('whoever %s', async (name, awaiter) => {
  async function outermost(): Promise<void> {
    await named(name, awaiter)(() => spawn(nope));
  }
  const { stack, message } = await errorOf(outermost());
  expect(stack).toMatch(new RegExp(`^Error: ${message}\n`));
  expect(stack).toMatch(/at (async )?outermost \(.*error-stacks\.test\.ts/);
});

test('the error in a completion', async () => {
  async function outermost(): Promise<Error | undefined> {
    return (await run(nope)).error;
  }
  expect((await outermost())?.stack).toMatch(/at (async )?outermost \(.*error-stacks\.test\.ts/);
});
