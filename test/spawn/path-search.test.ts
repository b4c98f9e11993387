// A name without a slash is searched by execvp's rules, in the PATH that the child will get.
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { beforeEach, describe, expect, test } from 'vitest';
import { run, type Completion } from '../../src/index.js';
import { temporaryDirectory } from '../support/probe.js';

let first: string;
let second: string;

beforeEach(() => {
  const root = temporaryDirectory();
  first = `${root}/first`;
  second = `${root}/second`;
  mkdirSync(first);
  mkdirSync(second);
});

function install(directory: string, name = 'tool', mode = 0o755): void {
  const file = `${directory}/${name}`;
  writeFileSync(file, '#!/bin/sh\necho "$0"\n');
  chmodSync(file, mode);
}

interface Setting {
  PATH?: string;
  cwd?: string;
}

const tool = ({ PATH, cwd = '/' }: Setting, name = 'tool'): Promise<Completion> =>
  run(name, [], { env: PATH === undefined ? {} : { PATH }, cwd });

// A script's own name is the path under which it was found.
async function found(setting: Setting, name?: string): Promise<string> {
  const completion = await tool(setting, name);
  expect(completion.error).toBeUndefined();
  expect(completion.status).toBe('completed');
  return String(completion.stdout).trim();
}

async function reason(setting: Setting, name?: string): Promise<unknown> {
  const completion = await tool(setting, name);
  expect(completion.status).toBe('error');
  return (completion.error as Error & { code: string }).code;
}

describe('PATH is the child’s', () => {
  test('what only its environment names is found', async () => {
    install(first);
    expect(await found({ PATH: first })).toBe(`${first}/tool`);
  });

  test('what only ours names is not', async () => {
    install(first);
    const ours = process.env['PATH'];
    process.env['PATH'] = `${first}:${ours}`;
    try {
      expect(await reason({ PATH: second })).toBe('ENOENT');
      expect((await run('tool')).status).toBe('completed');
    } finally {
      process.env['PATH'] = ours;
    }
  });

  test('its elements are tried in order', async () => {
    install(first);
    install(second);
    expect(await found({ PATH: `${first}:${second}` })).toBe(`${first}/tool`);
    expect(await found({ PATH: `${second}:${first}` })).toBe(`${second}/tool`);
    expect(await found({ PATH: `/no/such/directory:${first}` })).toBe(`${first}/tool`);
  });

  test('the error of a name that is nowhere is ENOENT and names it as given', async () => {
    const { error } = await tool({ PATH: `${first}:${second}` });
    expect(error).toMatchObject({ code: 'ENOENT', path: 'tool', syscall: 'spawn tool' });
  });
});

describe('without a PATH', () => {
  test('the system’s directories are searched', async () => {
    expect((await run('true', [], { env: {} })).status).toBe('completed');
  });

  test('the working directory is not', async () => {
    install(first);
    expect(await reason({ cwd: first })).toBe('ENOENT');
  });
});

describe('an empty element is the child’s working directory', () => {
  test.each([
    ['an empty PATH', ''],
    ['a colon alone', ':'],
    ['one at the start', ':/no/such/directory'],
    ['one at the end', '/no/such/directory:'],
    ['one in between', '/no/such/directory::/no/such/either'],
  ])('%s', async (_, PATH) => {
    install(first);
    expect(await found({ PATH, cwd: first })).toMatch(/^(\.\/)?tool$/);
    expect(await reason({ PATH, cwd: second })).toBe('ENOENT');
  });

  test('a relative element starts there too', async () => {
    install(first);
    expect(await found({ PATH: 'first', cwd: `${first}/..` })).toBe('first/tool');
  });
});

describe('what stands in the way', () => {
  test('EACCES before a hit does not stop the search', async () => {
    install(first, 'tool', 0o644);
    install(second);
    expect(await found({ PATH: `${first}:${second}` })).toBe(`${second}/tool`);
  });

  test('nor does a directory of that name', async () => {
    mkdirSync(`${first}/tool`);
    install(second);
    expect(await found({ PATH: `${first}:${second}` })).toBe(`${second}/tool`);
  });

  test('nor an element that is a file', async () => {
    install(first, 'file');
    install(second);
    expect(await found({ PATH: `${first}/file:${second}` })).toBe(`${second}/tool`);
  });

  test('nor an element that is longer than any path', async () => {
    install(first);
    expect(await found({ PATH: `/${'x'.repeat(5000)}:${first}` })).toBe(`${first}/tool`);
  });

  test('EACCES without a hit is EACCES, whatever comes after it', async () => {
    install(first, 'tool', 0o644);
    expect(await reason({ PATH: first })).toBe('EACCES');
    expect(await reason({ PATH: `${first}:${second}` })).toBe('EACCES');
    expect(await reason({ PATH: `${second}:${first}:/no/such/directory` })).toBe('EACCES');
  });

  test('ENOEXEC stops it: neither sh nor the next directory runs it', async () => {
    writeFileSync(`${first}/tool`, 'echo ran\n', { mode: 0o755 });
    install(second);
    expect(await reason({ PATH: `${first}:${second}` })).toBe('ENOEXEC');
  });
});

describe('a name with a slash is not searched', () => {
  test('it is relative to the child’s working directory', async () => {
    install(first);
    expect(await found({ PATH: '/no/such/directory', cwd: first }, './tool')).toBe('./tool');
    expect(await found({ PATH: '/bin', cwd: `${first}/..` }, 'first/tool')).toBe('first/tool');
  });

  test('not even where PATH would have it', async () => {
    install(first);
    expect(await reason({ PATH: first, cwd: second }, './tool')).toBe('ENOENT');
  });
});
