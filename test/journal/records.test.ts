// What a journal says of a job: before it can run, while it does, and afterwards.
import { describe, expect, onTestFinished, test } from 'vitest';
import { openJournal, run, spawn, type Journal } from '../../src/index.js';
import { startCat } from '../children.js';
import { fixture } from '../support/fixture.js';
import { temporaryDirectory } from '../support/probe.js';
import { isAlive } from '../support/proc.js';
import { waitFor } from '../support/wait-for.js';
import { open, readLines } from './supervisor.js';

const quiet = { stdio: 'ignore' } as const;
const one = (journal: Journal) => {
  const [entry, ...others] = journal.entries();
  expect(others).toEqual([]);
  return entry!;
};

describe('a spawn', () => {
  test('is recorded before it can run, while it does, and when its scope is empty', async () => {
    const journal = await open();
    const before = Date.now();
    const starting = startCat({ journal, id: 'cat', meta: { n: [1, null] } });
    const common = {
      id: 'cat',
      meta: { n: [1, null] },
      command: '/bin/cat',
      args: [],
      scope: 'group',
    };
    const { startedAt } = one(journal);
    expect(one(journal)).toEqual({ ...common, startedAt, status: 'starting' });
    const child = await starting;
    const entry = one(journal);
    expect(entry).toEqual({
      ...{ ...common, startedAt, status: 'running' },
      identity: child.identity,
    });
    expect(startedAt).toBeGreaterThanOrEqual(before);
    child.stdin!.end();
    const exit = await child.exited;
    await waitFor(() => one(journal).status === 'completed');
    expect(one(journal).completion).toMatchObject({
      ...{ status: 'completed', exit, pid: child.pid, usage: exit.usage },
      termination: { method: 'natural' },
    });
  });

  test('its first line is in the file before the program runs', async () => {
    // The program itself looks.
    const dir = temporaryDirectory();
    const journal = await open(dir);
    const { stdout } = await run('/bin/sh', ['-c', 'cat "$0"/journal-*.jsonl', dir], { journal });
    expect(stdout).toContain('"t":"starting"');
    expect(stdout).not.toContain('"t":"ended"');
  });

  test.each<[string, string, string[], string, object]>([
    ['exit code 0', '/bin/sh', ['-c', 'exit 0'], 'completed', { exit: { code: 0 } }],
    ['another code', '/bin/sh', ['-c', 'exit 3'], 'failed', { exit: { code: 3 } }],
    ['a signal', '/bin/sh', ['-c', 'kill -9 $$'], 'failed', { exit: { signal: 'SIGKILL' } }],
    [
      'no program',
      '/nonexistent',
      [],
      'error',
      { exit: null, error: { code: 'ENOENT' }, pid: null },
    ],
  ])('%s', async (_, file, args, status, completion) => {
    const journal = await open();
    await spawn(file, args, { ...quiet, journal }).catch(() => undefined);
    await waitFor(() => one(journal).status === status, { what: status });
    expect(one(journal).completion).toMatchObject({ status, ...completion });
  });

  test('ended by us', async () => {
    const journal = await open();
    const child = await startCat({ journal });
    const termination = await child.terminate({ escalation: [{ signal: 'SIGKILL', wait: 5000 }] });
    await waitFor(() => one(journal).status === 'terminated');
    expect(one(journal).completion).toMatchObject({ termination });
  });

  test('with stragglers is running until the last one is gone', async () => {
    const journal = await open();
    const child = await spawn(fixture('ready'), ['--members=1', '--leave=0'], {
      ...quiet,
      journal,
    });
    await child.exited;
    expect(one(journal).status).toBe('running');
    await child.terminate();
    await waitFor(() => one(journal).status !== 'running');
  });
});

describe('a run', () => {
  const sleep = ['-c', 'sleep 50'];
  test.each<[string, string[], () => object, string]>([
    ['completed', ['-c', 'exit 0'], () => ({}), 'completed'],
    ['failed', ['-c', 'exit 7'], () => ({}), 'failed'],
    ['timeout', sleep, () => ({ timeout: 200 }), 'timeout'],
    ['terminated', sleep, () => ({ signal: AbortSignal.timeout(200) }), 'terminated'],
    ['error', sleep, () => ({ cwd: '/nonexistent' }), 'error'],
  ])('%s: the entry says what the completion says', async (_, args, options, status) => {
    const journal = await open();
    const completion = await run('/bin/sh', args, { ...options(), journal, id: 'job' });
    expect(completion.status).toBe(status);
    const { exit, termination, pid, durationMs, usage } = completion;
    // At once: the result is given out when it is recorded.
    const entry = one(journal);
    expect(entry).toMatchObject({ id: 'job', status });
    expect(entry.completion).toMatchObject(
      status === 'error'
        ? { status, exit, pid, usage, error: { code: 'ENOENT' } }
        : (JSON.parse(
            JSON.stringify({ status, exit, termination, pid, durationMs, usage }),
          ) as object),
    );
    expect(entry.completion).not.toHaveProperty('stdout');
  });

  test('with survivors is kept open, and closed when they are gone', async () => {
    const dir = temporaryDirectory();
    const journal = await open(dir);
    const args = ['--members=1', '--leave=0', '--member-ignore=TERM'];
    const escalation = [{ signal: 'SIGTERM', wait: 50 }] as const;
    const completion = await run(fixture('ready'), args, { journal, id: 'job', escalation });
    expect(completion).toMatchObject({ status: 'error', termination: { method: 'failed' } });
    const { status } = one(journal);
    expect(status).toBe('error');
    await expect(spawn('/bin/true', [], { journal, id: 'job' })).rejects.toMatchObject({
      code: 'ERR_REAPWELL_JOURNAL_DUPLICATE',
    });
    // The error's advice is of use: what it could not end itself, recover() ends.
    const [recovered] = await journal.recover({ escalation: [{ signal: 'SIGKILL', wait: 5000 }] });
    expect(recovered).toMatchObject({ outcome: 'ended', entry: { id: 'job', status: 'error' } });
    expect(await journal.recover()).toEqual([]);
    const child = await spawn('/bin/true', [], { ...quiet, journal, id: 'job' });
    await child.empty;
    await journal.close();
    expect((await open(dir)).skipped).toEqual([]);
  });

  test('with survivors that leave by themselves is closed then', async () => {
    const journal = await open();
    const args = ['--members=1', '--leave=0', '--member-ignore=TERM'];
    const escalation = [{ signal: 'SIGTERM', wait: 50 }] as const;
    const { termination } = await run(fixture('ready'), args, { journal, id: 'job', escalation });
    if (termination.method !== 'failed') throw new Error(termination.method);
    process.kill(termination.survivors[0].pid, 'SIGKILL');
    // Its id is free again, without a recover().
    await waitFor(() => run('/bin/true', [], { journal, id: 'job' }).then(({ error }) => !error));
  });

  test("stragglers: 'leave' is final, and not recovered", async () => {
    const dir = temporaryDirectory();
    const journal = await open(dir);
    const args = ['--members=1', '--leave=0'];
    const { stdout } = await run(fixture('ready'), args, { journal, stragglers: 'leave' });
    const member = Number(stdout.split(' ')[1]);
    onTestFinished(() => void process.kill(member, 'SIGKILL'));
    expect(one(journal)).toMatchObject({
      status: 'completed',
      completion: { termination: { method: 'natural' } },
    });
    await journal.close();
    expect(await (await open(dir)).recover()).toEqual([]);
    expect(isAlive(member)).toBe(true);
  });
});

test('what was released is not recovered', async () => {
  const dir = temporaryDirectory();
  const journal = await open(dir);
  const child = await startCat({ journal, id: 'free' });
  child.release();
  await journal.close();
  const next = await open(dir);
  expect(next.entries()).toEqual([]);
  expect(await next.recover()).toEqual([]);
  expect(child.poll()).toEqual({ state: 'running' });
});

describe('close()', () => {
  test('leaves the children alone, and recorded as running', async () => {
    const dir = temporaryDirectory();
    const journal = await open(dir);
    const child = await startCat({ journal, id: 'cat' });
    await journal.close();
    await journal.close();
    expect(child.poll()).toEqual({ state: 'running' });
    const next = await open(dir);
    expect(one(next)).toMatchObject({ id: 'cat', status: 'running', identity: child.identity });
    expect(await next.recover()).toMatchObject([{ outcome: 'ended', entry: { id: 'cat' } }]);
    expect((await child.exited).signal).toBe('SIGTERM');
  });

  test('is the end of it', async () => {
    const journal = await open();
    await journal.close();
    const closed = { code: 'ERR_REAPWELL_JOURNAL_CLOSED' };
    expect(() => journal.entries()).toThrow(expect.objectContaining(closed));
    await expect(journal.recover()).rejects.toMatchObject(closed);
    await expect(journal.prune()).rejects.toMatchObject(closed);
    await expect(spawn('/bin/true', [], { journal })).rejects.toMatchObject(closed);
    expect(await run('/bin/true', [], { journal })).toMatchObject({
      status: 'error',
      error: closed,
    });
  });

  test('while children start: each is recorded, finished or left to the next supervisor', async () => {
    const dir = temporaryDirectory();
    const journal = await open(dir);
    const runs = Array.from({ length: 20 }, () => run('/bin/true', [], { journal }));
    await journal.close();
    await Promise.all(runs);
    const next = await open(dir);
    const outcomes = (await next.recover()).map(({ outcome }) => outcome);
    expect(outcomes.filter((outcome) => outcome !== 'gone')).toEqual([]);
    expect(next.entries()).toHaveLength(20);
  });
});

describe('many', () => {
  test('100 at once: 100 entries, and as many after every opening', async () => {
    const dir = temporaryDirectory();
    const journal = await open(dir);
    const runs = Array.from({ length: 100 }, (_, n) =>
      run('/bin/sh', ['-c', `exit ${n}`], { journal, id: `${n}`, meta: n }),
    );
    expect(journal.entries()).toHaveLength(100);
    await Promise.all(runs);
    const entries = journal.entries();
    expect(new Map(entries.map(({ id, completion }) => [id, completion?.exit?.code]))).toEqual(
      new Map(Array.from({ length: 100 }, (_, n) => [`${n}`, n])),
    );
    await journal.close();
    for (let opening = 0; opening < 3; opening++) {
      const next = await openJournal(dir);
      expect(next.entries()).toEqual(entries);
      await next.close();
    }
    expect(readLines(dir)).toHaveLength(100);
  });

  test('one after the other, what is finished is read from the file', async () => {
    const journal = await open();
    for (let n = 0; n < 10; n++) {
      await run('/bin/true', [], { journal, id: 'same' });
      expect(journal.entries()).toHaveLength(n + 1);
    }
  });
});
