// What run() writes to the program's standard input.
import { createReadStream } from 'node:fs';
import { PassThrough, Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { run } from '../../src/index.js';

const cat = (input?: string | Uint8Array | Readable) =>
  run('/bin/cat', [], input === undefined ? {} : { input });

test('none: it is /dev/null', async () => {
  const { status, stdout } = await run('/bin/sh', ['-c', 'readlink /proc/self/fd/0; cat']);
  expect({ status, stdout }).toEqual({ status: 'completed', stdout: '/dev/null\n' });
});

test('a string, as UTF-8', async () => {
  expect(await cat('grüße 😀\n')).toMatchObject({ status: 'completed', stdout: 'grüße 😀\n' });
});

test('an empty string is an input that ends at once', async () => {
  expect(await cat('')).toMatchObject({ status: 'completed', stdout: '' });
});

test('bytes, as they are', async () => {
  const bytes = Uint8Array.from([0, 255, 128, 10]);
  const { stdout } = await run('/bin/cat', [], { input: bytes, encoding: 'buffer' });
  expect(new Uint8Array(stdout)).toEqual(bytes);
});

test('ten megabytes, while as much comes back', async () => {
  const input = Buffer.alloc(10_000_000, 'reapwell');
  const { status, stdout } = await run('/bin/cat', [], { input, encoding: 'buffer' });
  expect(status).toBe('completed');
  expect(stdout.equals(input)).toBe(true);
});

describe('a stream', () => {
  test('of a file', async () => {
    const { stdout } = await cat(createReadStream('/proc/self/status'));
    expect(stdout).toMatch(/^Name:/);
  });

  test('of chunks that come later', async () => {
    const input = Readable.from(
      (async function* () {
        for (const chunk of ['one ', 'two ', 'three']) {
          await new Promise((resolve) => setTimeout(resolve, 10));
          yield chunk;
        }
      })(),
    );
    expect(await cat(input)).toMatchObject({ status: 'completed', stdout: 'one two three' });
  });

  test('that fails makes it an error, and the program sees the end of its input', async () => {
    const input = new PassThrough();
    input.write('before');
    const onOutput = () => input.destroy(new Error('no more'));
    expect(await run('/bin/cat', [], { input, onOutput })).toMatchObject({
      status: 'error',
      stdout: 'before',
      error: { message: 'no more' },
    });
  });

  test('that never ends does not outlive the program', async () => {
    const input = new PassThrough();
    input.write('line\n');
    const { status, stdout } = await run('/usr/bin/head', ['-n1'], { input });
    expect({ status, stdout }).toEqual({ status: 'completed', stdout: 'line\n' });
  });
});

test('a program that reads none of it is no failure', async () => {
  for (const input of ['x', 'x'.repeat(1_000_000), Readable.from(['x'.repeat(1_000_000)])]) {
    expect(await run('/bin/true', [], { input })).toMatchObject({ status: 'completed' });
  }
});

// F_GETPIPE_SZ, asked once something has come in.
const asksSize =
  'import fcntl, os, sys; os.read(0, 1); print(fcntl.fcntl(0, 1032)); sys.stdin.buffer.read()';

test.each([
  [1000, 'as it was', 64 * 1024],
  [300_000, 'larger', 256 * 1024],
])('with %i bytes of input the pipe is %s', async (length, _, size) => {
  const { status, stdout } = await run('python3', ['-c', asksSize], {
    input: Buffer.alloc(length),
  });
  expect({ status, stdout }).toEqual({ status: 'completed', stdout: `${size}\n` });
});
