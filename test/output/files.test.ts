// Output that goes to a file, and input that comes from one, without passing through us.
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { run, spawn } from '../../src/index.js';
import { cleanFailure } from '../support/failure.js';
import { temporaryDirectory } from '../support/probe.js';

const echo = ['-c', 'echo out; echo err >&2'];
const read = (file: string) => readFileSync(file, 'utf8');

describe('stdio { file }', () => {
  test('is made, and no stream of ours', async () => {
    const out = `${temporaryDirectory()}/out`;
    const child = await spawn('/bin/sh', echo, { stdio: ['ignore', { file: out }, 'ignore'] });
    expect(child.stdout).toBeNull();
    await child.exited;
    expect(read(out)).toBe('out\n');
    // Nobody is given the right to run it.
    expect(statSync(out).mode & 0o111).toBe(0);
  });

  test('is emptied first', async () => {
    const out = `${temporaryDirectory()}/out`;
    writeFileSync(out, 'something much longer than that\n');
    await run('/bin/sh', echo, { stdio: ['ignore', { file: out }, 'ignore'] });
    expect(read(out)).toBe('out\n');
  });

  test('is kept, and written at its end, with append', async () => {
    const log = `${temporaryDirectory()}/log`;
    writeFileSync(log, 'before\n');
    const entry = { file: log, append: true };
    // Two descriptors of one file do not overwrite each other.
    for (let i = 0; i < 2; i++) await run('/bin/sh', echo, { stdio: ['ignore', entry, entry] });
    expect(read(log)).toBe('before\nout\nerr\nout\nerr\n');
  });

  test('is read as standard input', async () => {
    const input = `${temporaryDirectory()}/in`;
    writeFileSync(input, 'from a file');
    const completion = await run('/bin/cat', [], { stdio: [{ file: input }, 'pipe', 'ignore'] });
    expect(completion).toMatchObject({ status: 'completed', stdout: 'from a file' });
  });

  test.each([
    ['standard output in a missing folder', 1, '/nonexistent/out', 'ENOENT'],
    ['standard output that is a folder', 1, '/tmp', 'EISDIR'],
    ['standard input that is missing', 0, '/nonexistent', 'ENOENT'],
  ])('%s: nothing is started', async (_, index, file, code) => {
    const proof = `${temporaryDirectory()}/proof`;
    const stdio: (object | 'ignore')[] = ['ignore', 'ignore', 'ignore'];
    stdio[index] = { file };
    const error = await cleanFailure(() =>
      spawn('/bin/touch', [proof], { stdio: stdio as [{ file: string }] }),
    );
    expect(error).toMatchObject({ code, syscall: 'open' });
    expect(error.errno).toBeLessThan(0);
    expect(existsSync(proof)).toBe(false);
    expect(await run('/bin/true', [], { stdio: stdio as [{ file: string }] })).toMatchObject({
      status: 'error',
      pid: null,
      error: { code, syscall: 'open' },
    });
  });

  test.each([
    ['an empty name', { file: '' }, 'ERR_INVALID_ARG_VALUE'],
    ['a name with NUL', { file: '/tmp/a\0b' }, 'ERR_INVALID_ARG_VALUE'],
    ['a name that is no string', { file: 5 }, 'ERR_INVALID_ARG_TYPE'],
    ['append that is no boolean', { file: '/tmp/a', append: 'yes' }, 'ERR_INVALID_ARG_TYPE'],
  ])('with %s is a TypeError', async (_, entry, code) => {
    const stdio = ['ignore', entry as never, 'ignore'] as const;
    await expect(spawn('/bin/true', [], { stdio })).rejects.toMatchObject({
      name: 'TypeError',
      code,
    });
  });
});
