// What a supervisor that was killed with kill -9 has left: found, ended, and nobody else.
import { describe, expect, onTestFinished, test } from 'vitest';
import { capabilities, type Scope } from '../../src/index.js';
import { startReady } from '../children.js';
import { fixture } from '../support/fixture.js';
import { temporaryDirectory } from '../support/probe.js';
import { isAlive } from '../support/proc.js';
import { waitFor } from '../support/wait-for.js';
import { crash, editLines, open } from './supervisor.js';

const ready = fixture('ready');
const { writable } = capabilities().cgroup;

const scopes: [Scope, string[]][] = [
  ['leader', []],
  ['group', ['--members=2']],
  ['session', ['--members=2']],
  ['tree', ['--members=2', '--member-session']],
];
if (writable) scopes.push(['cgroup', ['--members=2', '--member-session']]);

describe.each(scopes)("under scope '%s'", (scope, args) => {
  const job = (...more: string[]) => ({
    file: ready,
    args: [...args, ...more],
    options: { scope, id: 'job', meta: { n: 1 } },
  });

  test('everybody is ended, and a bystander lives', async () => {
    const dir = temporaryDirectory();
    const { child: bystander } = await startReady(args);
    const { live, children } = await crash(dir, [job()]);
    expect(live().map(({ pid }) => pid)).toContain(children[0]!.pid);
    const journal = await open(dir);
    const [recovered, ...others] = await journal.recover();
    expect(others).toEqual([]);
    expect(recovered).toMatchObject({
      outcome: 'ended',
      entry: { id: 'job', meta: { n: 1 }, command: ready, scope, status: 'running' },
      termination: { method: 'sigterm', survivors: [] },
    });
    expect(recovered!.members).toHaveLength(args.length === 0 ? 1 : 3);
    expect(live()).toEqual([]);
    expect(bystander.poll()).toEqual({ state: 'running' });
    expect(journal.entries()).toMatchObject([{ id: 'job', status: 'terminated' }]);
    expect(await journal.recover()).toEqual([]);
  });

  test('who ignores SIGTERM is ended by force', async () => {
    const dir = temporaryDirectory();
    const { live } = await crash(dir, [job('--ignore=TERM', '--member-ignore=TERM')]);
    const journal = await open(dir);
    const [recovered] = await journal.recover({ grace: 50 });
    expect(recovered).toMatchObject({ outcome: 'ended', termination: { method: 'sigkill' } });
    expect(live()).toEqual([]);
  });

  test.skipIf(scope === 'leader')('members are ended though the leader is gone', async () => {
    const dir = temporaryDirectory();
    const { live } = await crash(dir, [job('--leave=0')]);
    expect(live()).toHaveLength(2);
    const [recovered] = await (await open(dir)).recover();
    expect(recovered).toMatchObject({ outcome: 'ended' });
    expect(live()).toEqual([]);
  });

  test('found by the cookie where the crash came before the identity', async () => {
    const dir = temporaryDirectory();
    const { live } = await crash(dir, [job()]);
    editLines(dir, (line) => (line.t === 'running' ? undefined : line));
    const journal = await open(dir);
    expect(journal.entries()).toMatchObject([{ status: 'starting' }]);
    expect(journal.entries()[0]).not.toHaveProperty('identity');
    expect(await journal.recover()).toMatchObject([{ outcome: 'ended' }]);
    expect(live()).toEqual([]);
  });

  test("'report' leaves everybody alive", async () => {
    const dir = temporaryDirectory();
    const { live } = await crash(dir, [job()]);
    const count = live().length;
    const journal = await open(dir);
    const [recovered] = await journal.recover({ action: 'report' });
    expect(recovered).toMatchObject({ outcome: 'survived' });
    expect(recovered!.members).toHaveLength(count);
    expect(live()).toHaveLength(count);
    expect(journal.entries()).toMatchObject([{ status: 'running' }]);
  });
});

test("a member that left the group lives under 'group'", async () => {
  const dir = temporaryDirectory();
  const { live, children } = await crash(dir, [
    { file: ready, args: ['--members=1', '--member-session'], options: { scope: 'group' } },
  ]);
  expect(await (await open(dir)).recover()).toMatchObject([{ outcome: 'ended' }]);
  expect(live().map(({ pid }) => pid)).toEqual(children[0]!.said);
});

test('a job of the session in a group of its own is ended with it', async () => {
  const dir = temporaryDirectory();
  const script = 'set -m; sleep 58 & echo ready $!; wait';
  const { live, children } = await crash(dir, [
    { file: '/bin/bash', args: ['-c', script], options: { scope: 'session' } },
  ]);
  expect(live().map(({ pgid }) => pgid)).toContain(children[0]!.said[0]);
  expect(await (await open(dir)).recover()).toMatchObject([{ outcome: 'ended' }]);
  expect(live()).toEqual([]);
});

test('a group that is never the same at two looks is ended', async () => {
  const dir = temporaryDirectory();
  const script = `echo ready; exec ${fixture('re-forks')} 6 30`;
  const { live } = await crash(dir, [{ file: '/bin/sh', args: ['-c', script] }]);
  const journal = await open(dir);
  // On a loaded machine, and without pidfds, it can win against one call; that must be said, then.
  await waitFor(async () => {
    const [recovered] = await journal.recover({ grace: 20 });
    if (recovered!.outcome === 'survived') return false;
    expect(recovered).toMatchObject({ outcome: 'ended' });
    return true;
  });
  expect(live()).toEqual([]);
});

describe('again', () => {
  const jobs = [1, 2, 3].map((n) => ({ file: ready, options: { id: `job ${n}` } }));

  test('two calls at once are one', async () => {
    const dir = temporaryDirectory();
    const { live } = await crash(dir, jobs);
    const journal = await open(dir);
    const [one, other] = await Promise.all([journal.recover(), journal.recover()]);
    expect(one).toBe(other);
    expect(one.map(({ outcome }) => outcome)).toEqual(['ended', 'ended', 'ended']);
    expect(live()).toEqual([]);
  });

  test('different actions come one after the other', async () => {
    const dir = temporaryDirectory();
    await crash(dir, jobs);
    const journal = await open(dir);
    const [report, terminate] = await Promise.all([
      journal.recover({ action: 'report' }),
      journal.recover(),
    ]);
    expect(report.map(({ outcome }) => outcome)).toEqual(['survived', 'survived', 'survived']);
    expect(terminate.map(({ outcome }) => outcome)).toEqual(['ended', 'ended', 'ended']);
  });

  test('by the next supervisor finds nothing', async () => {
    const dir = temporaryDirectory();
    await crash(dir, jobs);
    const journal = await open(dir);
    await journal.recover();
    await journal.close();
    const next = await open(dir);
    expect(await next.recover()).toEqual([]);
    expect(next.skipped).toEqual([]);
    expect(next.entries().map(({ status }) => status)).toEqual(Array(3).fill('terminated'));
  });

  test('a supervisor in between that does not recover leaves it to the next one', async () => {
    const dir = temporaryDirectory();
    const { live } = await crash(dir, [{ file: ready, args: ['--ignore=TERM'] }]);
    await crash(dir, []);
    expect(live()).toHaveLength(1);
    expect(await (await open(dir)).recover({ grace: 20 })).toMatchObject([{ outcome: 'ended' }]);
    expect(live()).toEqual([]);
  });

  test('survivors stay recorded, and a later call ends them', async () => {
    const dir = temporaryDirectory();
    const { live } = await crash(dir, [{ file: ready, args: ['--ignore=TERM'] }]);
    const journal = await open(dir);
    const escalation = [{ signal: 'SIGTERM', wait: 50 }] as const;
    expect(await journal.recover({ escalation })).toMatchObject([
      { outcome: 'survived', termination: { method: 'failed', survivors: [{ reason: 'alive' }] } },
    ]);
    expect(journal.entries()).toMatchObject([{ status: 'running' }]);
    expect(live()).toHaveLength(1);
    expect(await journal.recover()).toMatchObject([{ outcome: 'ended' }]);
    expect(live()).toEqual([]);
  });

  test('close() waits for the recovery under way', async () => {
    const dir = temporaryDirectory();
    const { live } = await crash(dir, [{ file: ready, args: ['--ignore=TERM'] }]);
    const journal = await open(dir);
    const recovery = journal.recover({ grace: 50 });
    await journal.close();
    expect(live()).toEqual([]);
    expect(await recovery).toMatchObject([{ outcome: 'ended' }]);
    expect((await open(dir)).entries()).toMatchObject([{ status: 'terminated' }]);
  });
});

test('what ended after its supervisor is gone, and how is not known', async () => {
  const dir = temporaryDirectory();
  const { live, children } = await crash(dir, [{ file: ready }]);
  process.kill(children[0]!.pid, 'SIGKILL');
  await waitFor(() => live().length === 0);
  const journal = await open(dir);
  expect(await journal.recover()).toMatchObject([{ outcome: 'gone', members: [] }]);
  const [entry] = journal.entries();
  expect(entry).toMatchObject({
    status: 'error',
    completion: { exit: null, error: { code: 'ERR_REAPWELL_STATUS_UNKNOWN' } },
  });
});

describe('members without an environment', () => {
  const sh = (script: string) => ({ file: '/bin/sh', args: ['-c', script] });

  function endLater(pid: number): void {
    onTestFinished(() => {
      if (isAlive(pid)) process.kill(pid, 'SIGKILL');
    });
  }

  test('are still its own once the leader that proved them has ended', async () => {
    const dir = temporaryDirectory();
    const { children } = await crash(dir, [
      sh(`(trap '' TERM; exec env -i sleep 57) & echo ready $!; wait`),
    ]);
    const [member] = children[0]!.said as [number];
    endLater(member);
    const [recovered] = await (await open(dir)).recover({ grace: 100 });
    expect(recovered).toMatchObject({ outcome: 'ended', termination: { method: 'sigkill' } });
    expect(isAlive(member)).toBe(false);
  });

  test('are not taken for nobody where nothing proves whose they are', async () => {
    const dir = temporaryDirectory();
    // It speaks when its leader has been reaped by its supervisor.
    const { children } = await crash(dir, [sh(`env -i sleep 57 >/dev/null & echo ready $!`)]);
    const [member] = children[0]!.said as [number];
    endLater(member);
    await waitFor(() => !isAlive(children[0]!.pid));
    const journal = await open(dir);
    const [recovered] = await journal.recover();
    // Its leader may still be a zombie: that is a proof, and then it was ended.
    if (recovered!.outcome === 'survived') {
      expect(recovered).toMatchObject({ members: [{ pid: member }] });
      expect(recovered!.reason).toMatch(/nothing proves/);
      expect(isAlive(member)).toBe(true);
      process.kill(member, 'SIGKILL');
      await waitFor(() => !isAlive(member));
      expect(await journal.recover()).toMatchObject([{ outcome: 'gone' }]);
    } else {
      expect(recovered).toMatchObject({ outcome: 'ended', members: [{ pid: member }] });
      expect(isAlive(member)).toBe(false);
    }
  });
});
