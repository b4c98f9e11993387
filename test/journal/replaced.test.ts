// A journal whose directory or files are removed or replaced while it is open: what the next supervisor
// could not find is not started.
import {
  existsSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { cpSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { JournalWriteError, openJournal, run, type Journal } from '../../src/index.js';
import { temporaryDirectory } from '../support/probe.js';
import { waitFor } from '../support/wait-for.js';

interface Opened {
  base: string;
  dir: string;
  journal: Journal;
}

async function open(options?: Parameters<typeof openJournal>[1]): Promise<Opened> {
  const base = temporaryDirectory();
  const dir = join(base, 'journal');
  const journal = await openJournal(dir, options);
  expect((await run('/bin/true', [], { journal, id: 'first' })).status).toBe('completed');
  return { base, dir, journal };
}

const journalFile = (dir: string): string =>
  join(
    dir,
    readdirSync(dir).find((name) => name.endsWith('.jsonl'))!,
  );

/** Starts nothing, and says why. */
async function expectRefused({ base, journal }: Opened): Promise<void> {
  const mark = join(base, 'ran');
  const { status, pid, error } = await run('/usr/bin/touch', [mark], { journal, id: 'refused' });
  expect({ status, pid }).toEqual({ status: 'error', pid: null });
  expect(error).toBeInstanceOf(JournalWriteError);
  expect((error!.cause as { code: string }).code).toMatch(
    /^(ENOENT|ERR_REAPWELL_JOURNAL_REPLACED)$/,
  );
  await expect(journal.prune({ olderThan: 0 })).rejects.toThrow(JournalWriteError);
  expect(existsSync(mark)).toBe(false);
}

describe('nothing is started when', () => {
  test.each<[string, (dir: string) => void]>([
    ['the directory is removed', (dir) => rmSync(dir, { recursive: true })],
    ['it is renamed', (dir) => renameSync(dir, `${dir}-old`)],
    [
      'it is removed and made anew',
      (dir) => {
        rmSync(dir, { recursive: true });
        mkdirSync(dir);
      },
    ],
    [
      'a copy of it is put in its place',
      (dir) => {
        renameSync(dir, `${dir}-old`);
        cpSync(`${dir}-old`, dir, { recursive: true });
      },
    ],
    [
      'its path leads elsewhere',
      (dir) => {
        renameSync(dir, `${dir}-old`);
        mkdirSync(`${dir}-new`);
        symlinkSync(`${dir}-new`, dir);
      },
    ],
    ['the file is removed', (dir) => unlinkSync(journalFile(dir))],
    [
      'the file is replaced',
      (dir) => {
        const file = journalFile(dir);
        renameSync(file, `${file}.1`);
        cpSync(`${file}.1`, file);
      },
    ],
    ['the lock is removed', (dir) => unlinkSync(join(dir, 'lock'))],
    [
      'the lock is replaced',
      (dir) => {
        unlinkSync(join(dir, 'lock'));
        writeFileSync(join(dir, 'lock'), '');
      },
    ],
  ])('%s', async (_, change) => {
    const opened = await open();
    change(opened.dir);
    await expectRefused(opened);
    await opened.journal.close();
  });
});

test('a directory that was put back is the one that was locked', async () => {
  const opened = await open();
  const { dir, journal } = opened;
  renameSync(dir, `${dir}-old`);
  await expectRefused(opened);
  mkdirSync(dir);
  await expectRefused(opened);
  rmSync(dir, { recursive: true });
  renameSync(`${dir}-old`, dir);
  expect((await run('/bin/true', [], { journal, id: 'after' })).status).toBe('completed');
  await journal.close();
  await using next = await openJournal(dir);
  expect(next.entries().map(({ id, status }) => [id, status])).toEqual([
    ['first', 'completed'],
    ['after', 'completed'],
  ]);
});

test('what ends meanwhile is written once it is back', async () => {
  const { base, dir, journal } = await open();
  const gone = join(base, 'go');
  const running = run('/bin/sh', ['-c', `until test -e ${gone}; do sleep 0.01; done`], {
    journal,
    id: 'long',
  });
  await waitFor(() => journal.entries().some(({ status }) => status === 'running'));
  renameSync(dir, `${dir}-old`);
  writeFileSync(gone, '');
  expect((await running).status).toBe('completed');
  renameSync(`${dir}-old`, dir);
  await journal.close();
  await using next = await openJournal(dir);
  expect(next.entries().map(({ id, status }) => [id, status])).toEqual([
    ['first', 'completed'],
    ['long', 'completed'],
  ]);
});

test("with onWriteError: 'continue' it starts all the same", async () => {
  const { dir, journal } = await open({ onWriteError: 'continue' });
  rmSync(dir, { recursive: true });
  expect((await run('/bin/true', [], { journal })).status).toBe('completed');
  await journal.close();
});

test('closing tells that the last records could not be written', async () => {
  const { dir, journal } = await open();
  const running = run('/bin/sleep', ['0.3'], { journal, id: 'long' });
  await waitFor(() => journal.entries().some(({ status }) => status === 'running'));
  rmSync(dir, { recursive: true });
  await running;
  await expect(journal.close()).rejects.toThrow(JournalWriteError);
});

test('a new journal can be opened in its place', async () => {
  const { dir, journal } = await open();
  rmSync(dir, { recursive: true });
  await using next = await openJournal(dir);
  expect((await run('/bin/true', [], { journal: next })).status).toBe('completed');
  expect((await run('/bin/true', [], { journal })).status).toBe('error');
  await journal.close();
});
