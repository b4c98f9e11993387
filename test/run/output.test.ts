// What run() captures: all of it, exactly, up to the limit.
import { describe, expect, test } from 'vitest';
import { run } from '../../src/index.js';

/** Writes these bytes one by one, each in a chunk of its own as far as that can be had. */
const slowly = (text: string) =>
  Array.from(
    Buffer.from(text),
    (byte) => `printf '\\${byte.toString(8).padStart(3, '0')}'; sleep 0.002`,
  ).join('; ');

describe('encoding', () => {
  test("'utf8', the default, gives strings", async () => {
    const { stdout, stderr } = await run('/bin/sh', ['-c', 'echo out; echo err >&2']);
    expect({ stdout, stderr }).toEqual({ stdout: 'out\n', stderr: 'err\n' });
  });

  test("'buffer' gives bytes as they are, invalid ones too", async () => {
    const { stdout, stderr } = await run('/bin/sh', ['-c', "printf '\\377\\000\\200'"], {
      encoding: 'buffer',
    });
    expect(stdout).toEqual(Buffer.from([0xff, 0, 0x80]));
    expect(stderr).toEqual(Buffer.alloc(0));
  });

  test('a character of several bytes may come in several chunks', async () => {
    const text = 'aé€😀z';
    expect((await run('/bin/sh', ['-c', slowly(text)])).stdout).toBe(text);
  });

  test('a character that never comes whole is replaced, as everywhere', async () => {
    expect((await run('/bin/sh', ['-c', "printf 'a\\342\\202'"])).stdout).toBe('a\ufffd');
  });

  test('output that is not captured is empty', async () => {
    const { stdout, stderr } = await run('/bin/echo', ['x'], { stdio: 'ignore' });
    expect({ stdout, stderr }).toEqual({ stdout: '', stderr: '' });
  });
});

describe('all of it arrives', () => {
  test('ten megabytes on each of both outputs at once', async () => {
    const size = 10_000_000;
    const half = (fd: number) => `head -c ${size} /dev/zero >&${fd}`;
    const { status, stdout, stderr, truncated } = await run(
      '/bin/sh',
      ['-c', `${half(1)} & ${half(2)}; wait`],
      { encoding: 'buffer' },
    );
    expect({ status, truncated }).toEqual({ status: 'completed', truncated: false });
    expect([stdout.length, stderr.length]).toEqual([size, size]);
  });

  test('what was written just before the end, 200 times', async () => {
    for (let round = 0; round < 200; round++) {
      const { stdout } = await run('/bin/echo', [`${round}`]);
      expect(stdout).toBe(`${round}\n`);
    }
  });

  test('of 50 jobs at once', async () => {
    const script = 'i=0; while [ $i -lt 50 ]; do echo $1; i=$((i + 1)); done';
    const outputs = await Promise.all(
      Array.from({ length: 50 }, (_, job) => run('/bin/sh', ['-c', script, 'sh', `job-${job}`])),
    );
    for (const [job, { stdout }] of outputs.entries()) {
      expect(stdout).toBe(`job-${job}\n`.repeat(50));
    }
  });
});

describe('maxBuffer', () => {
  test('keeps that many bytes of each output, and says so', async () => {
    const completion = await run('/bin/sh', ['-c', 'echo 123456789; echo 987654321 >&2'], {
      maxBuffer: 4,
    });
    expect(completion).toMatchObject({
      status: 'completed',
      stdout: '129\n',
      stderr: '981\n',
      truncated: true,
      omittedBytes: 12,
    });
  });

  test('is not passed by output of just that size', async () => {
    const completion = await run('/bin/sh', ['-c', 'printf 1234'], { maxBuffer: 4 });
    expect(completion).toMatchObject({ stdout: '1234', truncated: false, omittedBytes: 0 });
  });

  test('does not stop a program that writes more', async () => {
    const completion = await run('/bin/sh', ['-c', 'head -c 5000000 /dev/zero; exit 3'], {
      maxBuffer: 1_000,
      encoding: 'buffer',
    });
    expect(completion).toMatchObject({ status: 'failed', exit: { code: 3 }, truncated: true });
    expect(completion.stdout).toHaveLength(1_000);
    expect(completion.omittedBytes).toBe(4_999_000);
  });

  test('of 0 keeps nothing', async () => {
    expect(await run('/bin/echo', ['x'], { maxBuffer: 0 })).toMatchObject({
      stdout: '',
      truncated: true,
      omittedBytes: 2,
    });
  });
});
