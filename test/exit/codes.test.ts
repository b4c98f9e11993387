// How a child ended comes back exactly, whoever asks and however often.
import { describe, expect, test } from 'vitest';
import { run, spawn, type Child, type Exit } from '../../src/index.js';
import { fixture } from '../support/fixture.js';
import { endWithTest } from '../support/probe.js';
import { nodeProgram } from '../support/program.js';
import { isAlive, zombieChildren } from '../support/proc.js';
import { waitFor } from '../support/wait-for.js';

const codes = Array.from({ length: 256 }, (_, code) => code);

const exitWith = (code: number): Promise<Child> =>
  spawn(fixture('exit-with'), ['code', String(code)], { stdio: 'ignore' });

// Nothing else of the handle is touched: the answer is poll's own.
async function pollToEnd(child: Child): Promise<Exit> {
  return waitFor(() => {
    const state = child.poll();
    return state.state === 'exited' ? state.exit : undefined;
  });
}

async function inBatches<T, R>(items: T[], job: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let at = 0; at < items.length; at += 32) {
    results.push(...(await Promise.all(items.slice(at, at + 32).map(job))));
  }
  return results;
}

// What is told apart from the code itself; the same for all of them.
const outcome = ({ code, signal, coreDumped, known }: Exit) => ({
  code,
  signal,
  coreDumped,
  known,
});
const exactly = (code: number) => ({ code, signal: null, coreDumped: false, known: true });

describe('all 256 exit codes come back', () => {
  test('by poll', async () => {
    const exits = await inBatches(codes, async (code) => pollToEnd(await exitWith(code)));
    expect(exits.map(outcome)).toEqual(codes.map(exactly));
  });

  test('by exited', async () => {
    const exits = await inBatches(codes, async (code) => (await exitWith(code)).exited);
    expect(exits.map(outcome)).toEqual(codes.map(exactly));
  });

  test('by wait', async () => {
    const exits = await inBatches(codes, async (code) => (await exitWith(code)).wait());
    expect(exits.map(outcome)).toEqual(codes.map(exactly));
  });

  test('by the exit event, however soon the child ends', async () => {
    const exits = new Map<number, Exit>();
    await inBatches(codes, async (code) => {
      const child = await exitWith(code);
      child.on('exit', (exit) => exits.set(code, exit));
      return child.exited;
    });
    await waitFor(() => exits.size === codes.length, { timeout: 2000 }).catch(() => undefined);
    expect(codes.filter((code) => !exits.has(code))).toEqual([]);
    expect(codes.map((code) => outcome(exits.get(code)!))).toEqual(codes.map(exactly));
  });

  test('by run, completed only for 0', async () => {
    const completions = await inBatches(codes, (code) =>
      run(fixture('exit-with'), ['code', String(code)]),
    );
    expect(completions.map(({ exit }) => exit && outcome(exit))).toEqual(codes.map(exactly));
    expect(completions.map(({ status }) => status)).toEqual(
      codes.map((code) => (code === 0 ? 'completed' : 'failed')),
    );
    expect(new Set(completions.map(({ termination }) => termination.method))).toEqual(
      new Set(['natural']),
    );
  });
});

describe('whoever asks', () => {
  test('a hundred waiters of each kind get one answer', async () => {
    const child = endWithTest(await spawn('/bin/sh', ['-c', 'read line; exit 77']));
    child.setMaxListeners(0);
    const hundred = Array.from({ length: 100 });
    const waiters = [
      ...hundred.map(() => child.exited),
      ...hundred.map(() => child.wait()),
      ...hundred.map(() => pollToEnd(child)),
      ...hundred.map(() => new Promise<Exit>((resolve) => child.on('exit', resolve))),
    ];
    expect(child.poll()).toEqual({ state: 'running' });
    child.stdin!.end();
    const answers = await Promise.all(waiters);
    expect(answers).toHaveLength(400);
    expect(outcome(answers[0]!)).toEqual(exactly(77));
    for (const answer of answers) expect(answer).toEqual(answers[0]);
  });

  test('an exit with 0 before the first poll is an exit, not "running"', async () => {
    const child = await spawn(fixture('exit-now'), [], { stdio: 'ignore' });
    // Nobody has asked the handle anything; only /proc tells that it has ended.
    await waitFor(() => !isAlive(child.pid));
    const state = child.poll();
    expect(state.state === 'exited' && outcome(state.exit)).toEqual(exactly(0));
  });

  test('a thousand polls after the end say the same', async () => {
    const child = await exitWith(9);
    const exit = await child.exited;
    for (let i = 0; i < 1000; i++) expect(child.poll()).toEqual({ state: 'exited', exit });
  });

  test('whoever comes after the end gets the same', async () => {
    const child = await exitWith(8);
    const first = await pollToEnd(child);
    expect(await child.exited).toEqual(first);
    expect(await child.wait()).toEqual(first);
    expect(await child.wait({ timeout: 0 })).toEqual(first);
  });

  test('ten times ten children that end together all tell', async () => {
    const rounds = Array.from({ length: 10 }, async (_, round) => {
      const children = await Promise.all(
        Array.from({ length: 10 }, () => spawn('/bin/sh', ['-c', `read line; exit ${round}`])),
      );
      for (const child of children) child.stdin!.end();
      return Promise.all(children.map(async (child) => (await child.exited).code));
    });
    expect(await Promise.all(rounds)).toEqual(
      rounds.map((_, round) => Array.from({ length: 10 }, () => round)),
    );
  });

  test('nothing is left to reap afterwards', async () => {
    await inBatches(codes, async (code) => (await exitWith(code)).exited);
    await waitFor(() => zombieChildren().length === 0, { what: 'no zombie of ours' });
  });
});

describe('a handle that was dropped and collected', () => {
  // In a program of its own: --expose-gc, and no other children around.
  const program = (how: string) => `
    import { spawn } from 'reapwell';
    import { children } from '../../support/inside.mjs';
    const refs = [];
    async function start() {
      for (let i = 0; i < 40; i++) {
        const child = await spawn(${how});
        child.unref();
        refs.push(new WeakRef(child));
      }
    }
    await start();
    const started = children().length;
    let kept = refs.length;
    for (const deadline = Date.now() + 10_000; Date.now() < deadline; ) {
      // A job of its own: a reference that was looked at is kept until its job ends.
      await new Promise((resolve) => setTimeout(resolve, 10));
      globalThis.gc();
      for (const pid of process.argv[2] === 'kill' ? children() : []) process.kill(pid, 'SIGKILL');
      if (children().length > 0) continue;
      kept = refs.filter((ref) => ref.deref() !== undefined).length;
      if (kept === 0) break;
    }
    console.log(JSON.stringify({ started, left: children().length, kept }));
  `;
  const options = { nodeArgs: ['--expose-gc'] };

  test('leaves no zombie when the child exits', async () => {
    const source = program(`'/bin/true', [], { stdio: 'ignore' }`);
    const { stdout, stderr } = await nodeProgram(source, options);
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toMatchObject({ left: 0, kept: 0 });
  });

  test('leaves no zombie when the child is killed after the collection', async () => {
    const source = program(`'/bin/sleep', ['60'], { stdio: 'ignore' }`);
    const { stdout, stderr } = await nodeProgram(source, { ...options, args: ['kill'] });
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual({ started: 40, left: 0, kept: 0 });
  });
});
