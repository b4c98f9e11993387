// A disk that is full, or read-only: nothing starts without its record, and nothing is lost of what had
// started before. On a disk of a few pages, in a mount namespace of its own.
import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { temporaryDirectory } from '../support/probe.js';
import { jsonProgram } from '../support/program.js';

function canMount(): boolean {
  try {
    execFileSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt'], {
      stdio: 'ignore',
    });
    return true;
  } catch {
    return false;
  }
}

// Gives `dir` on a disk of its own, `fill()`, `free()`, `job` (a program that leaves a mark), `marks()`
// and `code(promise)` to the body, which returns what it has seen.
const program = (body: string) => `
  import { execFileSync } from 'node:child_process';
  import { appendFileSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
  import { openJournal, run, spawn } from 'reapwell';
  import { until } from '../../support/inside.mjs';
  const [disk, outside] = process.argv.slice(2);
  const mount = (options) => execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', disk]);
  mount('size=64k');
  const dir = disk + '/journal';
  const fill = () => {
    try {
      for (;;) appendFileSync(disk + '/ballast', Buffer.alloc(1024));
    } catch {}
  };
  const free = () => rmSync(disk + '/ballast');
  const job = ['/bin/sh', ['-c', 'echo >> ' + outside + '/mark']];
  const marks = () => existsSync(outside + '/mark') ? readFileSync(outside + '/mark').length : 0;
  const code = (promise) => promise.then(() => 'ok', ({ code, cause }) => [code, cause?.code]);
  const text = () => readdirSync(dir).filter((name) => name.startsWith('journal'))
    .map((name) => readFileSync(dir + '/' + name, 'utf8')).join('');
  const quiet = { stdio: 'ignore' };
  // No more than a few bytes are left of the journal's own last page.
  const fillPage = async (journal) => {
    fill();
    for (let n = 0; n < 100; n++) if ((await run('/bin/true', [], { journal })).error) return;
  };
  const seen = await (async () => { ${body} })();
  console.log(JSON.stringify(seen));
  process.exit();
`;

const runProgram = (body: string) =>
  jsonProgram<Record<string, unknown>>(program(body), {
    under: ['unshare', '--mount'],
    args: [temporaryDirectory(), temporaryDirectory()],
  });

const refused = ['ERR_REAPWELL_JOURNAL_WRITE', 'ENOSPC'];

describe.skipIf(!canMount())('on a full disk (needs the right to mount)', () => {
  test('nothing starts, and once there is room it does', async () => {
    const seen = await runProgram(`
      const journal = await openJournal(dir);
      fill();
      // Does not fit into what is left of the last page: part of it is written, and taken back.
      const meta = 'x'.repeat(8000);
      const size = text().length;
      const spawned = await code(spawn(...job, { ...quiet, journal, meta }));
      const { status, error } = await run(...job, { journal, meta, id: 'job' });
      const full = { spawned, status, code: error.code, marks: marks(), entries: journal.entries().length,
        same: text().length === size };
      free();
      const done = await run(...job, { journal, meta, id: 'job' });
      await journal.close();
      const next = await openJournal(dir);
      return { full, done: done.status, marks: marks(), skipped: next.skipped,
        entries: next.entries().map(({ id, status }) => [id, status]) };
    `);
    expect(seen).toEqual({
      full: {
        spawned: refused,
        status: 'error',
        code: refused[0],
        marks: 0,
        entries: 0,
        same: true,
      },
      ...{ done: 'completed', marks: 1, skipped: [], entries: [['job', 'completed']] },
    });
  });

  test("with onWriteError 'continue' it starts, without a record, and says so", async () => {
    const seen = await runProgram(`
      const journal = await openJournal(dir, { onWriteError: 'continue' });
      const warnings = [];
      process.on('warning', ({ code, message }) => warnings.push([code, /runs without a record/.test(message)]));
      fill();
      const { status } = await run(...job, { journal, meta: 'x'.repeat(8000) });
      await until(() => warnings.length > 0);
      return { status, warnings, marks: marks(), entries: journal.entries().length, close: await code(journal.close()) };
    `);
    expect(seen).toEqual({
      status: 'completed',
      warnings: [[refused[0], true]],
      marks: 1,
      entries: 0,
      close: 'ok',
    });
  });

  test('a completion that can not be written is kept, and written once there is room', async () => {
    const seen = await runProgram(`
      const journal = await openJournal(dir);
      const child = await spawn('/bin/cat', [], { stdio: ['pipe', 'ignore', 'ignore'], journal, id: 'cat' });
      await until(() => text().includes('"t":"running"'));
      await fillPage(journal);
      const before = text().split('\\n').filter((line) => line.includes('"t":"ended"')).length;
      child.stdin.end();
      await child.empty;
      const entry = () => journal.entries().find(({ id }) => id === 'cat').status;
      await until(() => entry() === 'completed');
      const key = JSON.parse(text().split('\\n').find((line) => line.includes('"id":"cat"'))).key;
      const inFile = () => text().split('\\n').some((line) => line.includes('"t":"ended"') && line.includes(key));
      const kept = { entry: entry(), inFile: inFile(), some: before > 0 };
      free();
      const written = await until(inFile);
      await journal.close();
      const next = await openJournal(dir);
      return { kept, written, skipped: next.skipped,
        open: next.entries().filter(({ completion }) => completion === undefined).length };
    `);
    expect(seen).toEqual({
      kept: { entry: 'completed', inFile: false, some: true },
      ...{ written: true, skipped: [], open: 0 },
    });
  });

  test('close() rejects if it can not be written, lets go all the same, and what is left can be ended', async () => {
    const seen = await runProgram(`
      const journal = await openJournal(dir);
      const options = { stdio: ['pipe', 'ignore', 'ignore'], journal };
      const ended = await spawn('/bin/cat', [], { ...options, id: 'ended' });
      const left = await spawn('/bin/cat', [], { ...options, id: 'left' });
      await until(() => text().split('"t":"running"').length === 3);
      await fillPage(journal);
      ended.stdin.end();
      await ended.empty;
      const entry = (id) => journal.entries().find((one) => one.id === id).status;
      await until(() => entry('ended') === 'completed');
      const closed = await code(journal.close());
      // Still full.
      const next = await openJournal(dir);
      const outcomes = (await next.recover()).map(({ entry, outcome }) => [entry.id, outcome]);
      const exit = await left.exited;
      const again = await next.recover();
      return { closed, ended: outcomes.find(([id]) => id === 'ended'), left: outcomes.find(([id]) => id === 'left'),
        signal: exit.signal, again, close: await code(next.close()) };
    `);
    expect(seen).toMatchObject({
      closed: refused,
      // How it ended was not written.
      ended: ['ended', 'gone'],
      left: ['left', 'ended'],
      signal: 'SIGTERM',
      again: [],
      close: refused,
    });
  });

  test('prune() fails, and leaves the journal as it was', async () => {
    const seen = await runProgram(`
      const journal = await openJournal(dir);
      for (let n = 0; n < 30; n++) await run('/bin/true', [], { journal, meta: 'x'.repeat(500) });
      fill();
      const before = text();
      const pruned = await code(journal.prune({ olderThan: Infinity }));
      const both = await Promise.all([code(journal.prune({ olderThan: Infinity })), code(journal.close())]);
      const same = text() === before;
      const next = await openJournal(dir);
      return { pruned, both, same, entries: next.entries().length, skipped: next.skipped };
    `);
    expect(seen).toEqual({
      ...{ pruned: refused, both: [refused, 'ok'], same: true, entries: 30, skipped: [] },
    });
  });

  test('what is recorded after such an opening is read together with what was there', async () => {
    const seen = await runProgram(`
      const journal = await openJournal(dir);
      for (let n = 0; n < 20; n++) await run('/bin/true', [], { journal, id: 'old ' + n, meta: 'x'.repeat(300) });
      await journal.close();
      fill();
      const next = await openJournal(dir);
      const refused = await code(spawn(...job, { ...quiet, journal: next }));
      free();
      const done = await run(...job, { journal: next, id: 'new' });
      const here = next.entries().length;
      await next.close();
      const last = await openJournal(dir);
      return { refused, done: done.status, here, there: last.entries().length, skipped: last.skipped,
        files: readdirSync(dir).length };
    `);
    expect(seen).toEqual({
      ...{ refused, done: 'completed', here: 21, there: 21, skipped: [], files: 2 },
    });
  });
});

test.skipIf(!canMount())(
  'on a read-only disk it can not be opened (needs the right to mount)',
  async () => {
    const seen = await runProgram(`
    const journal = await openJournal(dir);
    await journal.close();
    mount('remount,ro');
    return { opened: await openJournal(dir).catch(({ code, syscall, path }) => ({ code, syscall, path })), dir };
  `);
    expect(seen).toMatchObject({
      opened: { code: 'EROFS', syscall: 'open', path: `${String(seen['dir'])}/lock` },
    });
  },
);
