// At the limits of descriptors and processes: an error, nothing lost, nothing left behind.
import { execFileSync } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { spawn } from '../../src/index.js';
import { failure } from '../support/failure.js';
import { temporaryDirectory } from '../support/probe.js';
import { openDescriptors, ownChildren, threadCount } from '../support/proc.js';
import { jsonProgram, startProgram } from '../support/program.js';

describe('1024 failing spawns with pipes', () => {
  const pipes = ['pipe', 'pipe', 'pipe', 'pipe', 'pipe'] as const;
  const directory = '/usr';
  // One for each stage at which a spawn can fail.
  const failing = [
    () => spawn('/no/such/program', [], { stdio: pipes }),
    () => spawn('no-such-program', [], { stdio: pipes }),
    () => spawn(directory, [], { stdio: pipes }),
    () => spawn('/bin/true', ['x'.repeat(200_000)], { stdio: pipes }),
    () => spawn('/bin/true', [], { stdio: pipes, cwd: '/no/such/directory' }),
    () => spawn('/bin/true', [], { stdio: [...pipes, 654_321] }),
    () => spawn('/bin/true', [], { stdio: pipes, limits: { nofile: [1, 2 ** 40] } }),
    () => spawn('/bin/true', [], { stdio: pipes, signal: AbortSignal.abort() }),
  ];

  async function failAll(): Promise<void> {
    await Promise.all(failing.map((start) => failure(start())));
  }

  test('one after the other: no child, no zombie, no descriptor, at any moment', async () => {
    await failAll();
    const children = ownChildren();
    const descriptors = openDescriptors();
    for (let i = 0; i < 1024; i++) {
      await failure(failing[i % failing.length]!());
      // At once: whoever is told that it failed may count.
      expect(openDescriptors(), `after ${i}`).toEqual(descriptors);
      if (i % 64 === 0) expect(ownChildren(), `after ${i}`).toEqual(children);
    }
    expect(ownChildren()).toEqual(children);
  });

  test('all at a time: no child, no zombie, no descriptor, no thread', async () => {
    await failAll();
    await Promise.all(Array.from({ length: 128 }, failAll));
    const descriptors = openDescriptors();
    const threads = threadCount();
    const children = ownChildren();
    for (let i = 0; i < 2; i++) await Promise.all(Array.from({ length: 128 }, failAll));
    expect(openDescriptors()).toEqual(descriptors);
    expect(ownChildren()).toEqual(children);
    // On a busy machine a spawner thread or two may have been added, and those stay.
    expect(threadCount()).toBeLessThanOrEqual(threads + 5);
  });
});

describe('at the limit of descriptors', () => {
  const start = `
    import { spawn } from 'reapwell';
    import { closeSync, openSync } from 'node:fs';
    import { children, descriptors, until } from '../../support/inside.mjs';
    const attempt = (stdio) => spawn('/bin/true', [], { stdio }).then(
      async (child) => { await child.empty; return (await child.exited).code; },
      ({ code }) => code,
    );
    const held = [];
    const fill = () => {
      try { for (;;) held.push(openSync('/dev/null')); } catch (error) { return error.code; }
    };
    const free = (count) => { while (count-- > 0 && held.length > 0) closeSync(held.pop()); };
  `;
  const options = { under: ['prlimit', '--nofile=128'] };

  test('a spawn is EMFILE at whatever step, and leaves nothing', async () => {
    const source = `${start}
      // With pipes: Node's loop keeps one descriptor for good from its first stream on.
      const pipes = () => descriptors().filter((each) => each.includes('pipe:')).length;
      const before = pipes();
      await attempt('pipe');
      await until(() => pipes() === before);
      fill();
      const full = held.length;
      const seen = [];
      for (let room = 0; room < 12; room++) {
        free(room);
        const result = await attempt('pipe');
        // Whatever the spawn opened is ours to open again.
        const settled = await until(() => { fill(); return held.length === full; });
        free(2);
        seen.push({ result, settled, children: children() });
        fill();
      }
      free(Infinity);
      console.log(JSON.stringify({ seen, later: await attempt('ignore') }));
    `;
    const { seen, later } = await jsonProgram<{
      seen: { result: string | number; settled: boolean; children: number[] }[];
      later: number;
    }>(source, options);
    expect(seen[0]!.result).toBe('EMFILE');
    expect(seen.at(-1)!.result).toBe(0);
    for (const [room, each] of seen.entries()) {
      expect(['EMFILE', 0], `with room for ${room}`).toContain(each.result);
      expect(each, `with room for ${room}`).toMatchObject({ settled: true, children: [] });
    }
    expect(later).toBe(0);
  });

  test('the very first spawn is EMFILE too, and a later one succeeds', async () => {
    const source = `${start}
      fill();
      const results = [];
      for (let room = 0; room < 12; room++) {
        free(room);
        results.push(await attempt('ignore'));
        if (room < 11) fill();
      }
      console.log(JSON.stringify({ results, children: children() }));
    `;
    const seen = await jsonProgram<{ results: unknown[]; children: number[] }>(source, options);
    expect(seen.results[0]).toBe('EMFILE');
    expect(seen.results.at(-1)).toBe(0);
    for (const result of seen.results) expect(['EMFILE', 0]).toContain(result);
    expect(seen.children).toEqual([]);
  });

  test('children that live can be watched and ended', async () => {
    const source = `${start}
      const sleeping = [];
      for (let i = 0; i < 3; i++) sleeping.push(await spawn('/bin/sleep', ['60'], { stdio: 'ignore' }));
      const full = fill();
      const [first, second, third] = sleeping;
      const state = first.poll().state;
      first.kill('SIGTERM');
      const { signal } = await first.exited;
      const ended = await second.terminate();
      const { method, survivors } = ended;
      third.kill('SIGKILL', 'group');
      await third.empty;
      console.log(JSON.stringify({ full, state, signal, method, survivors: survivors.length }));
    `;
    expect(await jsonProgram(source, options)).toEqual({
      full: 'EMFILE',
      state: 'running',
      signal: 'SIGTERM',
      method: 'sigterm',
      survivors: 0,
    });
  });
});

// The limit holds for a user that is not root, and is set from outside once Node's own threads run.
const isRoot = process.getuid?.() === 0;
const nobody = { uid: 65534, gid: 65534 };

describe.skipIf(!isRoot)('at the limit of processes', () => {
  const start = `
    import { spawn } from 'reapwell';
    import { once } from 'node:events';
    import { children } from '../../support/inside.mjs';
    const told = async (what) => { console.log(what); await once(process.stdin, 'data'); };
    const attempt = () => spawn('/bin/true', [], { stdio: 'ignore' }).then(
      async (child) => { await child.empty; return (await child.exited).code; },
      ({ code }) => code,
    );
  `;

  // Lines "limit" and "free" of the program are done for it; its last line is JSON.
  async function limited(body: string): Promise<unknown> {
    const stdio = ['pipe', 'pipe', 'pipe'] as ['pipe', 'pipe', 'pipe'];
    const program = startProgram(start + body, { ...nobody, stdio });
    // By the same user: to set another's limits takes a capability that not every root has.
    const prlimit = (...args: string[]) =>
      execFileSync('prlimit', ['--pid', String(program.pid), ...args], { ...nobody });
    const hard = String(prlimit('--nproc', '--output=HARD', '--noheadings')).trim();
    const limits = { limit: '1', free: hard };
    for (const [line, soft] of Object.entries(limits)) {
      await program.line(new RegExp(`^${line}$`));
      prlimit(`--nproc=${soft}:`);
      program.child.stdin!.write('done\n');
    }
    const { stdout, stderr } = await program.ended;
    expect(stderr).toBe('');
    return JSON.parse(stdout.trim().split('\n').at(-1)!);
  }

  test('a spawn is EAGAIN and leaves nothing', async () => {
    const seen = await limited(`
      await attempt();
      await told('limit');
      const results = [await attempt(), await attempt(), await attempt()];
      const left = children();
      await told('free');
      console.log(JSON.stringify({ results, left, later: await attempt() }));
      process.exit();
    `);
    expect(seen).toEqual({ results: ['EAGAIN', 'EAGAIN', 'EAGAIN'], left: [], later: 0 });
  });

  test('the very first spawn, which has no threads yet, is EAGAIN too', async () => {
    const seen = await limited(`
      await told('limit');
      const results = [await attempt(), await attempt()];
      await told('free');
      console.log(JSON.stringify({ results, later: await attempt(), left: children() }));
      process.exit();
    `);
    expect(seen).toEqual({ results: ['EAGAIN', 'EAGAIN'], later: 0, left: [] });
  });

  test('children that live can be watched and ended', async () => {
    const seen = await limited(`
      const one = await spawn('/bin/sleep', ['60'], { stdio: 'ignore' });
      const two = await spawn('/bin/sleep', ['60'], { stdio: 'ignore' });
      await told('limit');
      one.kill('SIGTERM');
      const { signal } = await one.exited;
      const { method } = await two.terminate();
      await one.empty;
      await told('free');
      console.log(JSON.stringify({ signal, method, left: children() }));
      process.exit();
    `);
    expect(seen).toEqual({ signal: 'SIGTERM', method: 'sigterm', left: [] });
  });
});

test('a limit that no program fits into ends one way or the other, without a hang', async () => {
  // The exec fails after its point of no return: the kernel kills what is then nobody's program.
  const cwd = temporaryDirectory();
  chmodSync(cwd, 0o777);
  for (const as of [0, 4096, 65_536]) {
    const child = await spawn('/bin/true', [], { cwd, limits: { as }, stdio: 'ignore' }).catch(
      (error: unknown) => error as Error & { code: string },
    );
    if (child instanceof Error) expect(child.code, `${as}`).toMatch(/^(ENOMEM|ERR_REAPWELL_SPAWN)/);
    else expect((await child.exited).signal, `${as}`).toMatch(/^SIG(SEGV|KILL)$/);
  }
});
