// A file without a format that the kernel knows: refused with advice, or run by /bin/sh if that was
// asked for.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { posix, run, spawn } from '../../src/index.js';
import { cleanFailure } from '../support/failure.js';
import { temporaryDirectory } from '../support/probe.js';

let directory: string;

function script(name: string, content: string): string {
  const file = `${directory}/${name}`;
  writeFileSync(file, content, { mode: 0o755 });
  return file;
}

beforeAll(async () => {
  // The first spawn makes the threads and their descriptors, which stay.
  await run('true');
});

beforeEach(() => {
  directory = temporaryDirectory();
});

// $0 and the arguments, one a line.
const tell = 'printf "%s\\n" "$0" "$@"\n';

async function output(file: string, args: string[], options = {}): Promise<string[]> {
  const completion = await run(file, args, { shebang: 'sh', ...options });
  expect(completion.error).toBeUndefined();
  expect(completion.status).toBe('completed');
  return completion.stdout.split('\n').slice(0, -1);
}

describe('by default', () => {
  test('it is refused, and the error says what to do', async () => {
    const proof = `${directory}/proof`;
    const file = script('plain', `echo ran > ${proof}\n`);
    const error = await cleanFailure(() => spawn(file));
    expect(error).toMatchObject({ code: 'ENOEXEC', path: file, syscall: `spawn ${file}` });
    expect(error.message).toMatch(/^spawn \S+ ENOEXEC: .*"?#!"?.*shebang: 'sh'/);
    expect((await run(file)).error).toMatchObject({ code: 'ENOEXEC', message: error.message });
    expect(() => posix.posixSpawn(file)).toThrow(error.message);
    expect(() => readFileSync(proof)).toThrow('ENOENT');
  });
});

describe("with shebang: 'sh'", () => {
  test('the shell gets its path and the arguments, exactly', async () => {
    const file = script('plain', tell);
    const args = ['', 'a b', '-c', '*', '$HOME', 'ä\n'];
    expect(await output(file, args)).toEqual([file, ...args.join('\0').split(/[\0\n]/)]);
    expect(await output(file, [])).toEqual([file]);
    // What a program sees as its own name is the path, whatever argv0 says.
    expect(await output(file, ['x'], { argv0: 'other' })).toEqual([file, 'x']);
  });

  test('found in PATH, the first that is there counts', async () => {
    mkdirSync(`${directory}/second`);
    const file = script('tool', tell);
    script('second/tool', '#!/bin/sh\necho second\n');
    const env = { PATH: `/no/such:${directory}:${directory}/second:/bin` };
    expect(await output('tool', ['x'], { env })).toEqual([file, 'x']);
  });

  test('as execvp(3) has it', async () => {
    const file = script('tool', tell);
    const env = { PATH: `/no/such:${directory}:/usr/bin:/bin` };
    // env(1) calls execvp.
    const theirs = spawnSync('env', ['tool', 'a', 'b c'], { env });
    expect(String(theirs.stdout).split('\n').slice(0, -1)).toEqual([file, 'a', 'b c']);
    expect(await output('tool', ['a', 'b c'], { env })).toEqual([file, 'a', 'b c']);
  });

  test('a name that begins with a dash is no option of the shell', async () => {
    script('-c', tell);
    const env = { PATH: ':/bin' };
    expect(await output('-c', ['echo no'], { env, cwd: directory })).toEqual(['./-c', 'echo no']);
  });

  test('what has a format is not given to the shell', async () => {
    expect(await output('/bin/echo', ['x'])).toEqual(['x']);
    const file = script('perl', '#!/usr/bin/env -S echo by\n');
    expect(await output(file, ['x'])).toEqual([`by ${file} x`]);
  });

  test('an empty file is an empty script', async () => {
    expect(await output(script('empty', ''), [])).toEqual([]);
  });

  test('other failures stay what they are', async () => {
    const missing = `${directory}/missing`;
    symlinkSync('/no/such', missing);
    for (const [file, code] of [
      [missing, 'ENOENT'],
      [directory, 'EACCES'],
      [script('interpreter', '#!/no/such\n'), 'ENOENT'],
    ] as const) {
      const error = await cleanFailure(() => spawn(file, [], { shebang: 'sh' }));
      expect(error).toMatchObject({ code, path: file });
    }
  });

  test('posixSpawn has it too', () => {
    const file = script('plain', tell);
    const proof = `${directory}/proof`;
    const stdio = ['ignore', { file: proof }, 'inherit'] as const;
    posix.waitpid(posix.posixSpawn(file, ['raw'], { shebang: 'sh', stdio }), 0);
    expect(readFileSync(proof, 'utf8')).toBe(`${file}\nraw\n`);
  });

  test('two hundred at a time take nothing of each other', async () => {
    const files = Array.from({ length: 10 }, (_, index) => script(`tool${index}`, tell));
    const seen = await Promise.all(
      Array.from({ length: 200 }, (_, index) => output(files[index % 10]!, [`${index}`])),
    );
    expect(seen).toEqual(seen.map((_, index) => [files[index % 10], `${index}`]));
  });
});
