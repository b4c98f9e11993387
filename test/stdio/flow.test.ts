// What flows through the pipes: all of it, both ways at once, to its end, and without a crash.
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { buffer, text } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { run, spawn } from '../../src/index.js';
import { endWithTest } from '../support/probe.js';
import { nodeProgram } from '../support/program.js';
import { openDescriptors } from '../support/proc.js';
import { waitFor } from '../support/wait-for.js';

const digest = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

describe('ten megabytes in and out at once', () => {
  const bytes = randomBytes(10 * 1024 * 1024);

  test('through the streams of a child', async () => {
    const child = endWithTest(await spawn('/bin/cat'));
    child.stdin!.end(bytes);
    expect(digest(await buffer(child.stdout!))).toBe(digest(bytes));
    expect(await child.exited).toMatchObject({ code: 0 });
  });

  test('out of both outputs', async () => {
    const child = endWithTest(await spawn('/bin/sh', ['-c', 'tee /dev/stderr']));
    child.stdin!.end(bytes);
    const outputs = await Promise.all([buffer(child.stdout!), buffer(child.stderr!)]);
    expect(outputs.map(digest)).toEqual([digest(bytes), digest(bytes)]);
  });

  test('through run', async () => {
    const options = { input: bytes, encoding: 'buffer', maxBuffer: 2 * bytes.length } as const;
    const completion = await run('/bin/cat', [], options);
    expect(completion).toMatchObject({ status: 'completed', truncated: false });
    expect(digest(completion.stdout)).toBe(digest(bytes));
  });

  test('through an extra descriptor', async () => {
    const stdio = ['ignore', 'ignore', 'inherit', 'pipe'] as const;
    const child = endWithTest(await spawn('/bin/sh', ['-c', 'cat <&3 >&3'], { stdio }));
    const socket = child.stdio[3]!;
    socket.end(bytes);
    expect(digest(await buffer(socket))).toBe(digest(bytes));
  });
});

describe('the end of a stream', () => {
  test('reaches one cat, though a second one that was started later lives', async () => {
    const first = endWithTest(await spawn('/bin/cat'));
    const second = endWithTest(await spawn('/bin/cat'));
    first.stdin!.end('to the first');
    expect(await text(first.stdout!)).toBe('to the first');
    expect(await first.exited).toMatchObject({ code: 0 });
    expect(second.poll()).toEqual({ state: 'running' });
    second.stdin!.end();
    expect(await second.exited).toMatchObject({ code: 0 });
  });

  test('reaches the older of two as well when the younger ends first', async () => {
    const older = endWithTest(await spawn('/bin/cat'));
    const younger = endWithTest(await spawn('/bin/cat'));
    younger.stdin!.end();
    expect(await younger.exited).toMatchObject({ code: 0 });
    expect(older.poll()).toEqual({ state: 'running' });
    older.stdin!.end();
    expect(await older.exited).toMatchObject({ code: 0 });
  });

  test('what was written before the exit can be read after it', async () => {
    const child = await spawn('/bin/sh', ['-c', 'echo out; echo err >&2']);
    await child.empty;
    const said = await Promise.all([text(child.stdout!), text(child.stderr!)]);
    expect(said).toEqual(['out\n', 'err\n']);
  });

  test('of an output that is closed by the child reaches us while the child lives', async () => {
    const child = endWithTest(await spawn('/bin/sh', ['-c', 'exec >&-; exec sleep 60']));
    child.stdout!.resume();
    await once(child.stdout!, 'end');
    expect(child.poll()).toEqual({ state: 'running' });
  });

  test('never comes late: a child that stops reading does not hold up another', async () => {
    const stuck = endWithTest(await spawn('/bin/sleep', ['60']));
    stuck.stdin!.on('error', () => undefined);
    stuck.stdin!.write(Buffer.alloc(1024 * 1024));
    const child = endWithTest(await spawn('/bin/cat'));
    child.stdin!.end('past it');
    expect(await text(child.stdout!)).toBe('past it');
  });
});

describe('writing to a child that is dead or does not read', () => {
  test('is EPIPE, told to the writer', async () => {
    // It closes its end and lives on: nothing but the pipe can tell.
    const script = 'exec <&-; echo closed; exec sleep 60';
    const child = endWithTest(await spawn('/bin/sh', ['-c', script]));
    await once(child.stdout!, 'data');
    const errors: unknown[] = [];
    child.stdin!.on('error', (error) => errors.push(error));
    const told = await new Promise((resolve) => child.stdin!.write('anybody there?', resolve));
    expect(told).toMatchObject({ code: 'EPIPE', errno: -32, syscall: 'write' });
    await waitFor(() => errors.length > 0);
    expect(errors).toEqual([told]);
    expect(child.poll()).toEqual({ state: 'running' });
  });

  test('is an error in the middle of a large write too', async () => {
    const stdio = ['pipe', 'pipe', 'ignore'] as const;
    const child = endWithTest(await spawn('head', ['-c', '1000'], { stdio }));
    child.stdin!.on('error', () => undefined);
    const told = new Promise((resolve) => {
      child.stdin!.write(Buffer.alloc(10 * 1024 * 1024), resolve);
    });
    expect((await buffer(child.stdout!)).length).toBe(1000);
    // Or ours, if the exit was told before the write came back.
    expect((await told) as Error & { code: string }).toMatchObject({
      code: expect.stringMatching(/^(EPIPE|ECANCELED|ERR_STREAM_DESTROYED)$/) as string,
    });
    expect(await child.exited).toMatchObject({ code: 0 });
  });

  test('does not end the program when the child is known to be dead', async () => {
    const source = `
      import { spawn } from 'reapwell';
      const child = await spawn('/bin/true');
      await child.exited;
      const told = await new Promise((resolve) => child.stdin.write('x', resolve));
      console.log(told instanceof Error);
    `;
    expect(await nodeProgram(source)).toMatchObject({ stdout: 'true\n', stderr: '', code: 0 });
  });

  test.each([
    ['exits', 'echo done'],
    ['closes its input', 'exec <&-; echo done'],
  ])('does not disturb run, when the program %s', async (_, script) => {
    // In a program of its own, which an error that nobody listens to would end.
    const source = `
      import { run } from 'reapwell';
      const results = [];
      for (const input of [Buffer.alloc(10_000_000), 'x'.repeat(1_000_000), 'short']) {
        for (let i = 0; i < 5; i++) {
          const { status, stdout } = await run('/bin/sh', ['-c', process.argv[2]], { input });
          results.push(status + ' ' + stdout.trim());
        }
      }
      console.log([...new Set(results)].join());
    `;
    const ended = await nodeProgram(source, { args: [script] });
    expect(ended).toMatchObject({ stdout: 'completed done\n', stderr: '', code: 0 });
  });
});

describe('pipes that nobody touches', () => {
  test.each<[string, ('pipe' | 'ignore')[]]>([
    ['the three standard ones', ['pipe', 'pipe', 'pipe']],
    ['an extra one', ['ignore', 'ignore', 'ignore', 'pipe']],
  ])('are closed once the child has ended: %s', async (_, stdio) => {
    const start = () => spawn('/bin/sh', ['-c', 'echo out; echo err >&2'], { stdio });
    const pipes = () =>
      [...openDescriptors().values()].filter((link) => /^pipe|^socket/.test(link));
    const before = pipes().length;
    const children = await Promise.all(Array.from({ length: 20 }, start));
    await Promise.all(children.map((child) => child.empty));
    await waitFor(() => pipes().length <= before, { what: 'the pipes closed', timeout: 5000 });
  });
});
