// A program that could not be started: the kernel's own reason, in the shape of Node's errors, and
// nothing left behind.
import { spawn as nodeSpawn } from 'node:child_process';
import { chmodSync, closeSync, existsSync, openSync, symlinkSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { beforeAll, describe, expect, test } from 'vitest';
import { posix, run, spawn } from '../../src/index.js';
import { cleanFailure, failure, type SystemErrorLike } from '../support/failure.js';
import { fixture } from '../support/fixture.js';
import { temporaryDirectory } from '../support/probe.js';

beforeAll(async () => {
  // The first spawn makes the threads and their descriptors, which stay.
  const child = await spawn(fixture('exit-now'), [], { stdio: 'ignore' });
  await child.exited;
});

function script(content: string, mode = 0o755): string {
  const file = `${temporaryDirectory()}/script`;
  writeFileSync(file, content);
  chmodSync(file, mode);
  return file;
}

const ofNode = (file: string, args: string[]): Promise<SystemErrorLike> =>
  new Promise((resolve) => {
    nodeSpawn(file, args, { stdio: 'ignore' }).on('error', (error) =>
      resolve(error as SystemErrorLike),
    );
  });

const shape = ({ message, code, errno, syscall, path, spawnargs }: SystemErrorLike) => ({
  message,
  code,
  errno,
  syscall,
  path,
  spawnargs,
});

describe('the error has the shape of child_process’s', () => {
  test.each([
    ['a path', '/no/such/program'],
    ['a name', 'no-such-program-anywhere'],
    ['a directory', '/usr'],
  ])('for %s', async (_, file) => {
    const args = ['one', '', 'three'];
    const error = await cleanFailure(() => spawn(file, args));
    expect(error).toBeInstanceOf(Error);
    expect(shape(error)).toEqual(shape(await ofNode(file, args)));
  });
});

describe('the reason is the kernel’s', () => {
  const expected = (code: keyof typeof constants.errno, path: string) => ({
    code,
    errno: -constants.errno[code],
    syscall: `spawn ${path}`,
    path,
    spawnargs: [],
    message: code === 'ENOEXEC' ? (expect.any(String) as string) : `spawn ${path} ${code}`,
  });

  test('ENOENT for a missing file, without a child', async () => {
    const error = await cleanFailure(() => spawn('/no/such/program'));
    expect(error).toMatchObject(expected('ENOENT', '/no/such/program'));
    // WNOWAIT: if there were a child after all, it would not be this test's to reap.
    const options = posix.WEXITED | posix.WNOHANG | posix.WNOWAIT;
    expect(() => posix.waitid(posix.P_ALL, 0, options)).toThrow('ECHILD');
  });

  test('ENOEXEC for a script without a first line that says by what; sh does not get it', async () => {
    const proof = `${temporaryDirectory()}/proof`;
    const file = script(`echo ran > ${proof}\n`);
    const error = await cleanFailure(() => spawn(file));
    expect(error).toMatchObject(expected('ENOEXEC', file));
    expect(existsSync(proof)).toBe(false);
  });

  test('ENOEXEC for an empty file', async () => {
    const file = script('');
    expect(await cleanFailure(() => spawn(file))).toMatchObject(expected('ENOEXEC', file));
  });

  test('ENOENT naming the script for a missing interpreter', async () => {
    const file = script('#!/no/such/interpreter\n');
    expect(await cleanFailure(() => spawn(file))).toMatchObject(expected('ENOENT', file));
  });

  test('EACCES for a directory', async () => {
    expect(await cleanFailure(() => spawn('/usr'))).toMatchObject(expected('EACCES', '/usr'));
  });

  test('EACCES for a file without an execute bit, for root too', async () => {
    const file = script('#!/bin/sh\n', 0o644);
    expect(await cleanFailure(() => spawn(file))).toMatchObject(expected('EACCES', file));
  });

  test('ENOTDIR for a path through a file', async () => {
    const file = `${script('')}/program`;
    expect(await cleanFailure(() => spawn(file))).toMatchObject(expected('ENOTDIR', file));
  });

  test('ELOOP for a link to itself', async () => {
    const file = `${temporaryDirectory()}/loop`;
    symlinkSync(file, file);
    expect(await cleanFailure(() => spawn(file))).toMatchObject(expected('ELOOP', file));
  });

  test('ENAMETOOLONG for a name that no file can have', async () => {
    const file = `/${'x'.repeat(300)}`;
    expect(await cleanFailure(() => spawn(file))).toMatchObject(expected('ENAMETOOLONG', file));
  });

  test('ETXTBSY for a program that is being written', async () => {
    const file = script('#!/bin/sh\n');
    const writer = openSync(file, 'r+');
    try {
      expect(await cleanFailure(() => spawn(file))).toMatchObject(expected('ETXTBSY', file));
    } finally {
      closeSync(writer);
    }
  });
});

describe('a working directory that is not there', () => {
  test('is told apart from a missing program', async () => {
    const error = await cleanFailure(() => spawn('/bin/true', ['x'], { cwd: '/no/such/place' }));
    expect(error).toMatchObject({
      code: 'ENOENT',
      errno: -2,
      syscall: 'chdir',
      path: '/no/such/place',
      spawnargs: ['x'],
    });
  });

  test('comes before the program that is not there either', async () => {
    const error = await cleanFailure(() => spawn('/no/such/program', [], { cwd: '/no/place' }));
    expect(error).toMatchObject({ syscall: 'chdir', path: '/no/place' });
  });

  test('is ENOTDIR for a file', async () => {
    const file = script('');
    const error = await cleanFailure(() => spawn('/bin/true', [], { cwd: file }));
    expect(error).toMatchObject({ code: 'ENOTDIR', syscall: 'chdir', path: file });
  });
});

describe('too much', () => {
  // MAX_ARG_STRLEN, the NUL at the end included; execve(2).
  const longest = 128 * 1024 - 1;

  test('the longest argument passes, one byte more is E2BIG', async () => {
    const script = 'test ${#1} = "$2"';
    const args = (length: number) => ['-c', script, 'sh', 'x'.repeat(length), String(length)];
    expect((await run('/bin/sh', args(longest))).status).toBe('completed');
    const error = await cleanFailure(() => spawn('/bin/sh', args(longest + 1)));
    expect(error).toMatchObject({ code: 'E2BIG', errno: -7, syscall: 'spawn /bin/sh' });
  });

  test('counted in bytes, not in characters', async () => {
    const error = await failure(spawn('/bin/true', ['é'.repeat(longest / 2 + 1)]));
    expect(error.code).toBe('E2BIG');
    expect((await run('/bin/true', ['é'.repeat(Math.floor(longest / 2))])).status).toBe(
      'completed',
    );
  });

  test('a variable over the limit is E2BIG', async () => {
    const env = { BIG: 'x'.repeat(longest) };
    expect((await cleanFailure(() => spawn('/bin/true', [], { env }))).code).toBe('E2BIG');
  });

  test('many arguments that are too much together are E2BIG', async () => {
    const args = Array.from({ length: 100 }, () => 'x'.repeat(100_000));
    expect((await cleanFailure(() => spawn('/bin/true', args))).code).toBe('E2BIG');
  });
});

test('run tells of it as a value', async () => {
  const completion = await run('/no/such/program');
  expect(completion).toMatchObject({
    status: 'error',
    exit: null,
    error: { code: 'ENOENT', syscall: 'spawn /no/such/program' },
  });
});
