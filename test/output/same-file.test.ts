// A file that one call names more than once, by whichever name, is one open file: nothing is written over.
import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import { describe, expect, test } from 'vitest';
import { posix, run, spawn, type StdioFile } from '../../src/index.js';
import { temporaryDirectory } from '../support/probe.js';
import { ownChildren } from '../support/proc.js';
import { waitFor } from '../support/wait-for.js';

const read = (file: string) => readFileSync(file, 'utf8');
const script = 'echo out; echo a longer error >&2; echo out again';
const both = 'out\na longer error\nout again\n';

async function write(out: StdioFile, err: StdioFile): Promise<void> {
  const completion = await run('/bin/sh', ['-c', script], { stdio: ['ignore', out, err] });
  expect(completion).toMatchObject({ status: 'completed' });
}

/** The second name of the file that the first one names. */
const names: [string, (file: string, directory: string) => string][] = [
  ['the same name', (file) => file],
  ['a name with dots', (file, directory) => `${directory}/./sub/../${file.split('/').pop()!}`],
  ['a relative name', (file) => relative(process.cwd(), file)],
  [
    'a symbolic link',
    (file, directory) => {
      symlinkSync(file, `${directory}/link`);
      return `${directory}/link`;
    },
  ],
  [
    'a symbolic link to its folder',
    (file, directory) => {
      symlinkSync(directory, `${directory}/folder`);
      return `${directory}/folder/${file.split('/').pop()!}`;
    },
  ],
];

describe.each(names)('two outputs, and %s', (_, secondName) => {
  function setting(before?: string) {
    const directory = temporaryDirectory();
    mkdirSync(`${directory}/sub`);
    const file = `${directory}/out`;
    if (before !== undefined) writeFileSync(file, before);
    return { file, other: secondName(file, directory) };
  }

  test('a new file', async () => {
    const { file, other } = setting();
    await write({ file }, { file: other });
    expect(read(file)).toBe(both);
  });

  test('a file that is emptied', async () => {
    const { file, other } = setting('something much longer than what is written\n'.repeat(10));
    await write({ file: other }, { file });
    expect(read(file)).toBe(both);
  });

  test('a file that is appended to', async () => {
    const { file, other } = setting('before\n');
    await write({ file, append: true }, { file: other, append: true });
    expect(read(file)).toBe(`before\n${both}`);
  });

  test.each([
    [true, undefined],
    [false, true],
  ])('emptied by one and appended to by the other: %j, %j', async (first, second) => {
    const { file, other } = setting('before\n');
    await write({ file, append: first }, { file: other, append: second });
    expect(read(file)).toBe(both);
  });
});

test('a hard link is the same file', async () => {
  const directory = temporaryDirectory();
  writeFileSync(`${directory}/out`, '');
  linkSync(`${directory}/out`, `${directory}/link`);
  await write({ file: `${directory}/out` }, { file: `${directory}/link` });
  expect(read(`${directory}/out`)).toBe(both);
});

test('files that only look alike are two', async () => {
  const directory = temporaryDirectory();
  await write({ file: `${directory}/out` }, { file: `${directory}/out2` });
  expect([read(`${directory}/out`), read(`${directory}/out2`)]).toEqual([
    'out\nout again\n',
    'a longer error\n',
  ]);
});

test('extra descriptors too, and posixSpawn', async () => {
  const file = `${temporaryDirectory()}/out`;
  const extra = 'echo 1; echo 2 >&2; echo 3 >&3; echo 4 >&5; echo 5';
  const stdio = ['ignore', { file }, { file }, { file }, null, { file }] as const;
  await run('/bin/bash', ['-c', extra], { stdio });
  expect(read(file)).toBe('1\n2\n3\n4\n5\n');
  const pid = posix.posixSpawn('/bin/bash', ['-c', extra], { stdio });
  expect(posix.waitpid(pid).status).toBe(0);
  expect(read(file)).toBe('1\n2\n3\n4\n5\n');
});

test('what is read is another open file than what is written', async () => {
  const file = `${temporaryDirectory()}/log`;
  writeFileSync(file, 'first\n');
  const stdio = [{ file }, { file, append: true }, 'inherit'] as const;
  await run('/bin/sh', ['-c', 'read line; echo "after $line"'], { stdio });
  expect(read(file)).toBe('first\nafter first\n');
});

test('a call that fails has emptied nothing', async () => {
  const directory = temporaryDirectory();
  writeFileSync(`${directory}/precious`, 'kept');
  const stdio = ['ignore', { file: `${directory}/precious` }, { file: '/nonexistent/x' }] as const;
  await expect(spawn('/bin/true', [], { stdio })).rejects.toMatchObject({ code: 'ENOENT' });
  expect(read(`${directory}/precious`)).toBe('kept');
});

test('devices, twice', async () => {
  await write({ file: '/dev/null' }, { file: '/dev/null', append: true });
});

describe('a FIFO that nobody reads', () => {
  const fifo = () => {
    const file = `${temporaryDirectory()}/fifo`;
    execFileSync('mkfifo', [file]);
    return file;
  };

  test('is waited for', async () => {
    const file = fifo();
    const job = run('echo', ['through'], { stdio: ['ignore', { file }, { file }] });
    expect(execFileSync('cat', [file], { encoding: 'utf8' })).toBe('through\n');
    expect(await job).toMatchObject({ status: 'completed' });
  });

  test('holds up nobody else, and ends with the timeout', async () => {
    const stdio = ['ignore', { file: fifo() }, 'ignore'] as const;
    const before = ownChildren().length;
    const stuck = Array.from({ length: 6 }, () =>
      run('/bin/true', [], { stdio, timeout: 2000, grace: 100 }),
    );
    expect(await run('/bin/echo', ['past them'])).toMatchObject({ stdout: 'past them\n' });
    for (const each of await Promise.all(stuck)) expect(each).toMatchObject({ status: 'timeout' });
    await waitFor(() => ownChildren().length <= before, { what: 'no child left' });
  });
});
