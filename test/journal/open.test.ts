// What is found in a journal's directory: what is ours is read, the rest is skipped and told, and nothing
// of it is lost.
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { describe, expect, test } from 'vitest';
import { openJournal, spawn } from '../../src/index.js';
import { temporaryDirectory } from '../support/probe.js';
import { journalFile, open, readLines } from './supervisor.js';

/** A directory with a journal of two finished jobs. */
async function used(): Promise<string> {
  const dir = temporaryDirectory();
  const journal = await openJournal(dir);
  for (const id of ['one', 'two']) {
    const child = await spawn('/bin/true', [], { journal, id, stdio: 'ignore' });
    await child.empty;
  }
  await journal.close();
  return dir;
}

const ids = (entries: { id: string }[]) => entries.map(({ id }) => id);

describe('the directory', () => {
  test('is made, with its parents, for its owner alone', async () => {
    const dir = `${temporaryDirectory()}/a/b`;
    const journal = await open(dir);
    expect(journal.dir).toBe(dir);
    expect(journal.entries()).toEqual([]);
    expect(statSync(dir).mode & 0o777).toBe(0o700);
    for (const name of readdirSync(dir)) expect(statSync(`${dir}/${name}`).mode & 0o077).toBe(0);
  });

  test.each([
    ['a file in its place', 'ENOTDIR', (dir: string) => writeFileSync(dir, '')],
    ['a link that leads nowhere', 'ENOENT', (dir: string) => symlinkSync('/nowhere/at/all', dir)],
    [
      'a lock that is a link',
      'ELOOP',
      (dir: string) => {
        mkdirSync(dir);
        symlinkSync('/dev/null', `${dir}/lock`);
      },
    ],
    [
      'a lock that is a directory',
      'EISDIR',
      (dir: string) => mkdirSync(`${dir}/lock`, { recursive: true }),
    ],
  ])('can not be had: %s', async (_, code, prepare) => {
    const dir = `${temporaryDirectory()}/journal`;
    prepare(dir);
    const error = await openJournal(dir).then(
      () => undefined,
      (reason: unknown) => reason as NodeJS.ErrnoException,
    );
    expect([code, 'EEXIST']).toContain(error?.code);
  });

  test.each([
    ['no text', 1 as never, undefined, 'ERR_INVALID_ARG_TYPE'],
    ['NUL', 'a\0b', undefined, 'ERR_INVALID_ARG_VALUE'],
    ['an unknown option', '/tmp/x', { onWriteErorr: 'refuse' } as never, 'ERR_INVALID_ARG_VALUE'],
    ['a wrong one', '/tmp/x', { onWriteError: 'ignore' } as never, 'ERR_INVALID_ARG_VALUE'],
  ])('bad arguments: %s', async (_, dir, options, code) => {
    await expect(openJournal(dir, options)).rejects.toMatchObject({ code });
  });
});

describe('damage', () => {
  const valid = (dir: string) => readFileSync(journalFile(dir), 'utf8').split('\n')[1]!;

  test.each<[string, string | ((line: string) => string), string]>([
    ['a last line that is cut off', '{"t":"starting","key":"', 'it is cut off'],
    ['garbage', '\u0000\u0001 not JSON\n', 'not a record'],
    ['a line of an unknown shape', '{"t":"sleeping","key":"x"}\n', 'not a record'],
    ['a key that is too short to be believed', '{"t":"released","key":""}\n', 'not a record'],
    ['JSON that is no object', '[1,2]\n', 'not a record'],
    [
      'a record without its first line',
      `{"t":"released","key":"${'0'.repeat(32)}-0-1"}\n`,
      'the first record of this child is missing',
    ],
    [
      'a status that is none',
      (line) => `${line.replace('"status":"completed"', '"status":"fine"')}\n`,
      'not a record',
    ],
  ])('%s: told, and kept beside', async (_, damage, reason) => {
    const dir = await used();
    // Compacted once, so that a line is a whole record.
    await (await openJournal(dir)).close();
    const file = journalFile(dir);
    const text = typeof damage === 'string' ? damage : damage(valid(dir));
    appendFileSync(file, text);
    const before = readFileSync(file, 'utf8');
    const journal = await open(dir);
    const name = file.slice(dir.length + 1);
    expect(journal.skipped).toEqual([{ file: name, line: 4, reason }]);
    expect(ids(journal.entries())).toEqual(['one', 'two']);
    expect(await journal.recover()).toMatchObject([
      { outcome: 'unreadable', entry: { id: `${name}:4` }, reason },
    ]);
    expect(readFileSync(`${file}.damaged`, 'utf8')).toBe(before);
    await journal.close();
    // It stays, and is spoken of, until somebody takes it away.
    const next = await open(dir);
    expect(next.skipped).toEqual([
      { file: `${name}.damaged`, reason: 'kept: parts of it could not be read' },
    ]);
    expect(ids(next.entries())).toEqual(['one', 'two']);
  });

  test.each([
    [
      'a future version',
      '{"format":"reapwell journal","version":2,"replaces":[]}\nanything\n',
      /newer version/,
    ],
    ['another program’s', '{"format":"other","version":1}\n', /not a journal/],
    ['no header at all', 'hello', /no header/],
    ['a damaged header', '{"format":"reapwell journal","version":1,"replaces":0}\n', /damaged/],
  ])('a file of the journal’s name with %s is left as it is', async (_, text, reason) => {
    const dir = await used();
    writeFileSync(`${dir}/journal-7.jsonl`, text);
    for (let opening = 0; opening < 2; opening++) {
      const journal = await openJournal(dir);
      expect(journal.skipped).toMatchObject([{ file: 'journal-7.jsonl' }]);
      expect(journal.skipped[0]!.reason).toMatch(reason);
      expect(ids(journal.entries())).toEqual(['one', 'two']);
      expect(await journal.recover()).toMatchObject([{ outcome: 'unreadable' }]);
      expect(await journal.prune()).toBe(0);
      await journal.close();
      expect(readFileSync(`${dir}/journal-7.jsonl`, 'utf8')).toBe(text);
    }
  });

  test('what does not belong there is told, and left alone', async () => {
    const dir = await used();
    const target = `${temporaryDirectory()}/target`;
    writeFileSync(target, readFileSync(journalFile(dir)));
    symlinkSync(target, `${dir}/journal-90.jsonl`);
    mkdirSync(`${dir}/journal-91.jsonl`);
    writeFileSync(`${dir}/notes.txt`, 'mine');
    writeFileSync(`${dir}/journal-0092.jsonl`, readFileSync(target));
    const journal = await open(dir);
    expect(new Map(journal.skipped.map(({ file, reason }) => [file, reason]))).toEqual(
      new Map([
        ['journal-90.jsonl', 'a symbolic link'],
        ['journal-91.jsonl', 'not a file'],
        ['notes.txt', 'not a file of this library'],
        ['journal-0092.jsonl', 'not a file of this library'],
      ]),
    );
    expect(ids(journal.entries())).toEqual(['one', 'two']);
    expect(readFileSync(target, 'utf8')).toContain('one');
    expect(readFileSync(`${dir}/notes.txt`, 'utf8')).toBe('mine');
  });

  test('blanks that an editor left behind the lines change nothing', async () => {
    const dir = await used();
    const file = journalFile(dir);
    writeFileSync(file, readFileSync(file, 'utf8').replaceAll('\n', ' \r\n'));
    for (let opening = 0; opening < 2; opening++) {
      const journal = await openJournal(dir);
      expect(journal.skipped).toEqual([]);
      expect(ids(journal.entries())).toEqual(['one', 'two']);
      await journal.close();
    }
  });
});

describe('a crash while the journal was opened', () => {
  test('before the new file was whole: the old one counts', async () => {
    const dir = await used();
    writeFileSync(`${dir}/journal-2.jsonl.new`, '{"format":"reapwell jour');
    const journal = await open(dir);
    expect(journal.skipped).toEqual([]);
    expect(ids(journal.entries())).toEqual(['one', 'two']);
    expect(readdirSync(dir).some((name) => name.endsWith('.new'))).toBe(false);
  });

  test('before the old one was removed: nothing counts twice', async () => {
    const dir = await used();
    const old = journalFile(dir);
    const text = readFileSync(old);
    await (await openJournal(dir)).close();
    writeFileSync(old, text);
    const journal = await open(dir);
    expect(journal.skipped).toEqual([]);
    expect(ids(journal.entries())).toEqual(['one', 'two']);
    expect(existsSync(old)).toBe(false);
  });

  test('before the first byte of a new file', async () => {
    const dir = await used();
    writeFileSync(`${dir}/journal-8.jsonl`, '');
    const journal = await open(dir);
    expect(journal.skipped).toEqual([]);
    expect(ids(journal.entries())).toEqual(['one', 'two']);
  });
});

test('openings leave one file, and the same entries', async () => {
  const dir = await used();
  const first = await openJournal(dir);
  const entries = first.entries();
  await first.close();
  for (let opening = 0; opening < 5; opening++) {
    const journal = await openJournal(dir);
    expect(journal.entries()).toEqual(entries);
    await journal.close();
    expect(readdirSync(dir).filter((name) => name !== 'lock')).toHaveLength(1);
    expect(readLines(dir).map(({ t }) => t)).toEqual(['whole', 'whole']);
  }
});
