// Records whose numbers are somebody else's by now, or mean nothing here: nobody is signalled.
import { closeSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { startReady } from '../children.js';
import { fixture } from '../support/fixture.js';
import { temporaryDirectory } from '../support/probe.js';
import { isAlive } from '../support/proc.js';
import { jsonProgram } from '../support/program.js';
import { waitFor } from '../support/wait-for.js';
import {
  crash,
  editLines,
  kill,
  open,
  readLines,
  supervise,
  type RecordLine,
} from './supervisor.js';
import { capabilities, posix, type ProcessIdentity } from '../../src/index.js';

const ready = fixture('ready');

type Identity = Record<string, unknown>;
type Edit = (line: RecordLine, bystander: ProcessIdentity) => unknown;

const running =
  (edit: (line: RecordLine, identity: Identity, bystander: ProcessIdentity) => unknown): Edit =>
  (line, bystander) =>
    line.t === 'running' ? edit(line, line.identity as Identity, bystander) : line;

/** A record of a job that ended long ago, whose number a bystander has: as the edit makes it. */
async function recoverEdited(scope: string, edit: Edit) {
  const dir = temporaryDirectory();
  const { child: bystander, members } = await startReady(['--members=1']);
  const supervisor = await supervise(dir, [
    { file: ready, args: ['--leave=0'], options: { scope, id: 'dead' } },
  ]);
  // It was reaped while its supervisor lived; as if the crash had come before that was written.
  await waitFor(() => readLines(dir).some(({ t }) => t === 'ended'), { what: 'its end' });
  await kill(supervisor);
  editLines(dir, (line) => (line.t === 'ended' ? undefined : edit(line, bystander.identity)));
  const journal = await open(dir);
  const recovered = await journal.recover({ grace: 50, killWait: 50 });
  return { dir, journal, recovered, alive: [bystander.pid, ...members].every(isAlive) };
}

// Else nothing tells a process from another of the same number and start time.
function canOpenPidfds(): boolean {
  try {
    closeSync(posix.pidfdOpen(process.pid));
    return true;
  } catch {
    return false;
  }
}

describe.each(['leader', 'group', 'session', 'tree'])("under scope '%s'", (scope) => {
  test.each<[string, Edit]>([
    [
      'the number of a process with another start time',
      running((line, identity, { pid }) => ({
        ...{ ...line, handle: '', pgid: pid },
        identity: { ...identity, pid, inode: 0 },
      })),
    ],
    ...(canOpenPidfds()
      ? [
          [
            'number and start time of a process with another inode',
            running((line, identity, { pid, startTicks }) => ({
              ...{ ...line, handle: '', pgid: pid },
              identity: { ...identity, pid, startTicks, inode: 4711 },
            })),
          ] as [string, Edit],
        ]
      : []),
  ])('%s: gone', async (_, edit) => {
    const { recovered, alive, journal } = await recoverEdited(scope, edit);
    expect(recovered).toMatchObject([{ outcome: 'gone', members: [], entry: { id: 'dead' } }]);
    expect(alive).toBe(true);
    expect(journal.entries()).toMatchObject([{ id: 'dead', status: 'error' }]);
  });

  test.skipIf(!capabilities().pidfdHandle)(
    'number and start time of a process with another handle: gone',
    async () => {
      const edit = running((line, _, { pid, startTicks, inode }) => {
        expect(line.handle).not.toBe('');
        return { ...line, pgid: pid, identity: { pid, startTicks, inode } };
      });
      const { recovered, alive } = await recoverEdited(scope, edit);
      expect(recovered).toMatchObject([{ outcome: 'gone', members: [] }]);
      expect(alive).toBe(true);
    },
  );
});

describe('the same bystander', () => {
  test('dies where the recorded number is simply killed', async () => {
    const { child: bystander } = await startReady();
    const dir = temporaryDirectory();
    await crash(dir, [{ file: ready, args: ['--leave=0'] }]);
    editLines(dir, (line) =>
      running((one, identity) => ({ ...one, identity: { ...identity, pid: bystander.pid } }))(
        line,
        bystander.identity,
      ),
    );
    const line = readLines(dir).find(({ t }) => t === 'running');
    process.kill((line!.identity as { pid: number }).pid, 'SIGTERM');
    expect((await bystander.exited).signal).toBe('SIGTERM');
  });

  test('is ended where the record is truly its own', async () => {
    // So the edits above are what keeps it alive, and not a record that nobody would act on.
    const { child: bystander } = await startReady();
    const dir = temporaryDirectory();
    await crash(dir, [{ file: ready, args: ['--leave=0'], options: { scope: 'leader' } }]);
    editLines(dir, (line) => {
      if (line.t === 'ended') return undefined;
      const { pid, startTicks, inode } = bystander.identity;
      return line.t === 'running'
        ? { ...line, handle: '', pgid: pid, identity: { pid, startTicks, inode } }
        : line;
    });
    const journal = await open(dir);
    expect(await journal.recover()).toMatchObject([{ outcome: 'ended' }]);
    expect((await bystander.exited).signal).toBe('SIGTERM');
  });
});

describe('a record', () => {
  test.each([
    ['of another boot', { bootId: '6d2a7e9c-0000-4000-8000-000000000000' }, 'of another boot'],
    ['without a boot', { bootId: '' }, 'of another boot'],
    ['of another pid namespace', { pidNamespace: 'pid:[1]' }, 'of another pid namespace'],
    ['of one that had this one’s number', { first: '1' }, 'of another pid namespace'],
  ])('%s: foreign, and not touched', async (_, change, reason) => {
    const dir = temporaryDirectory();
    const { live } = await crash(dir, [{ file: ready, options: { id: 'job' } }]);
    editLines(dir, (line) => {
      if (line.t !== 'starting') return line;
      if (!('first' in change)) return { ...line, ...change };
      const [name] = String(line.pidNamespace).split('@');
      return { ...line, pidNamespace: `${name}@${change.first}` };
    });
    const journal = await open(dir);
    for (const action of ['report', 'adopt', 'terminate'] as const) {
      expect(await journal.recover({ action })).toMatchObject([{ outcome: 'foreign', reason }]);
    }
    expect(live()).toHaveLength(1);
    expect(journal.entries()).toMatchObject([{ id: 'job', status: 'running' }]);
    // Nothing but prune() forgets it; once it has, recover() does not speak of it either.
    expect(await journal.prune()).toBe(0);
    expect(await journal.prune({ olderThan: 0 })).toBe(1);
    expect(journal.entries()).toEqual([]);
    expect(await journal.recover()).toEqual([]);
    expect(live()).toHaveLength(1);
  });

  test('with a cgroup that is not its own is not believed', async () => {
    const dir = temporaryDirectory();
    const { live } = await crash(dir, [{ file: ready }]);
    // Nothing that a kernel would act on.
    const cgroup = temporaryDirectory();
    writeFileSync(`${cgroup}/cgroup.kill`, '');
    editLines(dir, (line) =>
      line.t === 'starting' ? { ...line, scope: 'cgroup', cgroup } : { ...line, scope: 'cgroup' },
    );
    const journal = await open(dir);
    expect(journal.skipped[0]).toMatchObject({ line: 2, reason: 'not a record' });
    const outcomes = (await journal.recover()).map(({ outcome }) => outcome);
    expect(new Set(outcomes)).toEqual(new Set(['unreadable']));
    expect(readFileSync(`${cgroup}/cgroup.kill`, 'utf8')).toBe('');
    expect(live()).toHaveLength(1);
  });
});

test.skipIf(process.getuid?.() !== 0)(
  'from within another pid namespace nothing of ours is touched (needs root)',
  async () => {
    const dir = temporaryDirectory();
    const { live } = await crash(dir, [{ file: ready }]);
    const seen = await jsonProgram<string[]>(
      `
        import { openJournal } from 'reapwell';
        const journal = await openJournal(process.argv[2]);
        const recovered = await journal.recover();
        await journal.close();
        console.log(JSON.stringify(recovered.map(({ outcome }) => outcome)));
      `,
      { under: ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child'], args: [dir] },
    );
    expect(seen).toEqual(['foreign']);
    expect(live()).toHaveLength(1);
    expect(await (await open(dir)).recover()).toMatchObject([{ outcome: 'ended' }]);
  },
);
