// What may be recorded: ids, meta, and which journal; and what prune() forgets.
import { describe, expect, test } from 'vitest';
import { openJournal, run, spawn } from '../../src/index.js';
import { startCat } from '../children.js';
import { temporaryDirectory } from '../support/probe.js';
import { ownChildren } from '../support/proc.js';
import { waitFor } from '../support/wait-for.js';
import { editLines, open } from './supervisor.js';

const quiet = { stdio: 'ignore' } as const;

describe('an id', () => {
  test('is refused while a job of it is unfinished, and free afterwards', async () => {
    const journal = await open();
    const child = await startCat({ journal, id: 'job' });
    const duplicate = {
      name: 'JournalDuplicateError',
      code: 'ERR_REAPWELL_JOURNAL_DUPLICATE',
      id: 'job',
    };
    await expect(startCat({ journal, id: 'job' })).rejects.toMatchObject(duplicate);
    expect(await run('/bin/true', [], { journal, id: 'job' })).toMatchObject({
      status: 'error',
      error: duplicate,
    });
    expect(journal.entries()).toHaveLength(1);
    child.stdin!.end();
    await waitFor(() => journal.entries()[0]?.status === 'completed');
    expect(await run('/bin/true', [], { journal, id: 'job' })).toMatchObject({
      status: 'completed',
    });
    expect(journal.entries().map(({ id }) => id)).toEqual(['job', 'job']);
  });

  test('goes to one of many that ask at once', async () => {
    const journal = await open();
    const done = await Promise.all(
      Array.from({ length: 20 }, () => run('/bin/true', [], { journal, id: 'job' })),
    );
    const statuses = done.map(({ status }) => status).sort();
    expect(statuses).toEqual(['completed', ...Array<string>(19).fill('error')]);
  });

  test('of a job that could not start is free', async () => {
    const journal = await open();
    for (let n = 0; n < 2; n++) {
      await expect(spawn('/nonexistent', [], { journal, id: 'job' })).rejects.toMatchObject({
        code: 'ENOENT',
      });
    }
  });

  test('of a crashed supervisor’s job is refused until recover(); of another boot’s it is free', async () => {
    const dir = temporaryDirectory();
    const first = await openJournal(dir);
    const child = await startCat({ journal: first, id: 'job' });
    await first.close();
    const second = await openJournal(dir);
    await expect(startCat({ journal: second, id: 'job' })).rejects.toThrow(/recover\(\) first/);
    await second.close();
    editLines(dir, (line) => ({
      ...line,
      starting: { ...(line['starting'] as object), bootId: 'another' },
    }));
    const third = await open(dir);
    expect(third.entries()).toMatchObject([{ status: 'running' }]);
    expect(await run('/bin/true', [], { journal: third, id: 'job' })).toMatchObject({
      status: 'completed',
    });
    child.stdin!.end();
  });

  test('is a random one by default', async () => {
    const journal = await open();
    await Promise.all([1, 2].map(() => run('/bin/true', [], { journal })));
    const ids = journal.entries().map(({ id }) => id);
    expect(new Set(ids).size).toBe(2);
    for (const id of ids) expect(id).toMatch(/^[0-9a-f-]{36}$/);
  });
});

test('entries stand in the order of their starts, many in one millisecond too', async () => {
  const dir = temporaryDirectory();
  const journal = await open(dir);
  const ids = Array.from({ length: 30 }, (_, number) => `job-${number}`);
  // The later ones end first.
  const sleeps = ids.map((_, number) => String((ids.length - number) / 200));
  await Promise.all(ids.map((id, number) => run('sleep', [sleeps[number]!], { journal, id })));
  expect(journal.entries().map(({ id }) => id)).toEqual(ids);
  await journal.close();
  expect((await open(dir)).entries().map(({ id }) => id)).toEqual(ids);
});

describe('meta', () => {
  test.each([
    ['nothing', undefined, null],
    ['null', null, null],
    ['text, with what JSON must escape', 'a"\n\u0000\ud800', 'a"\n\u0000\ud800'],
    ['a tree', { a: [1, { b: false }] }, { a: [1, { b: false }] }],
    ['what JSON says of a date', new Date(0), '1970-01-01T00:00:00.000Z'],
    [
      'a key that means something elsewhere',
      JSON.parse('{"__proto__":1}'),
      JSON.parse('{"__proto__":1}'),
    ],
  ])('%s', async (_, meta: unknown, read: unknown) => {
    const dir = temporaryDirectory();
    const journal = await openJournal(dir);
    await run('/bin/true', [], { journal, meta });
    expect(journal.entries()).toMatchObject([{ meta: read }]);
    await journal.close();
    expect((await open(dir)).entries()[0]!.meta).toEqual(read);
  });

  test('is what it was at the call', async () => {
    const journal = await open();
    const meta = { n: 1 };
    const done = run('/bin/true', [], { journal, meta });
    meta.n = 2;
    await done;
    expect(journal.entries()[0]!.meta).toEqual({ n: 1 });
  });
});

describe('refused before anything starts', () => {
  const circular: Record<string, unknown> = {};
  circular['self'] = circular;
  const throws = {
    get bad() {
      throw new Error('no');
    },
  };

  test.each<[string, object, string]>([
    ['meta: a function', { meta: () => 1 }, 'ERR_INVALID_ARG_VALUE'],
    ['meta: a symbol', { meta: Symbol('x') }, 'ERR_INVALID_ARG_VALUE'],
    ['meta: a bigint', { meta: 1n }, 'ERR_INVALID_ARG_VALUE'],
    ['meta: circular', { meta: circular }, 'ERR_INVALID_ARG_VALUE'],
    ['meta: a getter that throws', { meta: throws }, 'ERR_INVALID_ARG_VALUE'],
    ['id: a number', { id: 1 }, 'ERR_INVALID_ARG_TYPE'],
    ['id: with NUL', { id: 'a\0b' }, 'ERR_INVALID_ARG_VALUE'],
    ['id without a journal', { id: 'x', journal: undefined }, 'ERR_INVALID_ARG_VALUE'],
    ['meta without a journal', { meta: 1, journal: undefined }, 'ERR_INVALID_ARG_VALUE'],
    ['journal: a path', { journal: '/tmp' }, 'ERR_INVALID_ARG_TYPE'],
    ['journal: null', { journal: null }, 'ERR_INVALID_ARG_TYPE'],
    ['journal: a look-alike', { journal: { entries: () => [] } }, 'ERR_INVALID_ARG_TYPE'],
  ])('%s', async (_, options, code) => {
    const journal = await open();
    const children = ownChildren().length;
    const all = { ...quiet, journal, ...options } as never;
    await expect(spawn('/bin/true', [], all)).rejects.toMatchObject({ code });
    await expect(run('/bin/true', [], all)).rejects.toMatchObject({ code });
    expect(journal.entries()).toEqual([]);
    expect(ownChildren()).toHaveLength(children);
  });

  test('a record that could not be read again', async () => {
    const dir = temporaryDirectory();
    const journal = await openJournal(dir);
    const args = ['x'.repeat(17 << 20)];
    await expect(spawn('/bin/true', args, { ...quiet, journal })).rejects.toMatchObject({
      code: 'ERR_REAPWELL_JOURNAL_WRITE',
      cause: { name: 'RangeError' },
    });
    await run('/bin/true', [], { journal, id: 'after' });
    await journal.close();
    const next = await open(dir);
    expect(next.skipped).toEqual([]);
    expect(next.entries()).toMatchObject([{ id: 'after', status: 'completed' }]);
  });
});

describe('prune', () => {
  async function withThree() {
    const dir = temporaryDirectory();
    const journal = await open(dir);
    for (const id of ['a', 'b', 'c']) await run('/bin/true', [], { journal, id });
    return { dir, journal };
  }

  test('forgets nothing younger than a week by default', async () => {
    const { journal } = await withThree();
    expect(await journal.prune()).toBe(0);
    expect(await journal.prune({ olderThan: Infinity })).toBe(0);
    expect(journal.entries()).toHaveLength(3);
  });

  test('forgets by the end of each job, and counts', async () => {
    const { dir, journal } = await withThree();
    await journal.close();
    const day = 24 * 3600 * 1000;
    let age = 0;
    await (await openJournal(dir)).close();
    editLines(dir, (line) => {
      age += 5;
      const ended = { ...(line['ended'] as object), at: Date.now() - age * day };
      return { ...line, ended };
    });
    const next = await open(dir);
    expect(await next.prune()).toBe(2);
    expect(next.entries().map(({ id }) => id)).toEqual(['a']);
    expect(await next.prune({ olderThan: 4 * day })).toBe(1);
    expect(next.entries()).toEqual([]);
  });

  test('never forgets who is unfinished, and loses nothing that comes meanwhile', async () => {
    const { dir, journal } = await withThree();
    const child = await startCat({ journal, id: 'cat' });
    const pruned = journal.prune({ olderThan: 0 });
    const late = run('/bin/true', [], { journal, id: 'late' });
    // Whatever the moment, what is there is seen.
    for (let look = 0; look < 50; look++) {
      expect(journal.entries().map(({ id }) => id)).toEqual(
        expect.arrayContaining(['cat', 'late']),
      );
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await pruned).toBe(3);
    await late;
    child.stdin!.end();
    await waitFor(() => journal.entries().every(({ status }) => status === 'completed'));
    await journal.close();
    expect((await open(dir)).entries().map(({ id }) => id)).toEqual(['cat', 'late']);
  });

  test('shows finished records at every moment of it', async () => {
    const { journal } = await withThree();
    const state = { over: false };
    const pruned = journal.prune().finally(() => (state.over = true));
    // Regression: between the old file's end and the new one's beginning there were none.
    while (!state.over) {
      expect(journal.entries()).toHaveLength(3);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await pruned;
  });

  test('several at once, and close() in the middle', async () => {
    const { dir, journal } = await withThree();
    const prunes = [0, 0, 0].map((olderThan) => journal.prune({ olderThan }));
    await journal.close();
    expect((await Promise.all(prunes)).reduce((sum, n) => sum + n, 0)).toBe(3);
    expect((await open(dir)).entries()).toEqual([]);
  });

  test.each([
    ['a negative one', -1, 'ERR_OUT_OF_RANGE'],
    ['NaN', NaN, 'ERR_OUT_OF_RANGE'],
    ['text', '1', 'ERR_INVALID_ARG_TYPE'],
  ])('%s', async (_, olderThan, code) => {
    const journal = await open();
    await expect(journal.prune({ olderThan } as never)).rejects.toMatchObject({ code });
  });
});
