// A tree that changes while it is walked: whoever led from the leader to a process has gone before the
// process is looked for.
import { expect, test } from 'vitest';
import type { Scope } from '../../src/index.js';
import { allProcesses, type Stat } from '../support/proc.js';
import { waitFor } from '../support/wait-for.js';
import { describeScopes } from './columns.js';
import { startMarked } from './marked.js';

// It goes on making intermediates, each of which starts a process in a session of its own and leaves.
const script = `
  for i in $(seq 60); do
    (setsid sleep 60 </dev/null >/dev/null 2>&1 &)
  done
  wait`;

const startWalk = (scope: Scope) => startMarked('/bin/bash', ['-c', script], scope);
const sleepers = ({ live }: Awaited<ReturnType<typeof startWalk>>) =>
  live().filter(({ command }) => command === 'sleep');

/** What a list of children, and of their children, made at one moment comes to. */
function descendants(pid: number): number[] {
  const all = allProcesses();
  const found = [pid];
  for (const parent of found) {
    found.push(...all.filter(({ ppid }) => ppid === parent).map((each) => each.pid));
  }
  return found;
}

describeScopes(['tree', 'cgroup'], (scope) => {
  test('nobody is missed, whenever the intermediates leave', async () => {
    for (let turn = 0; turn < 12; turn++) {
      const job = await startWalk(scope);
      // Earlier and later in its making.
      await waitFor(() => sleepers(job).length >= turn * 5);
      expect(await job.child.terminate({ eofWait: 0, grace: 0, killWait: 15_000 })).toMatchObject({
        survivors: [],
      });
      expect(job.live()).toEqual([]);
    }
  });
});

// What shows that they could be missed.
test('a list of descendants by parent has none of them', async () => {
  const job = await startWalk('tree');
  await waitFor(() => sleepers(job).length === 60);
  await waitFor(() => sleepers(job).every(({ ppid }) => ppid !== job.child.pid));
  const listed = descendants(job.child.pid);
  expect(sleepers(job).filter(({ pid }) => listed.includes(pid))).toEqual([]);
  expect(job.child.members().length).toBeGreaterThanOrEqual(60);
});

test("scope 'group' reports its own as ended, and leaves them", async () => {
  const job = await startWalk('group');
  await waitFor(() => sleepers(job).length === 60);
  expect(job.child.members().map(({ command }) => command)).not.toContain('sleep');
  await job.child.terminate({ eofWait: 0 });
  expect(sleepers(job)).toHaveLength(60);
});

test('an orphan outside of the tree is left alone', async () => {
  const [outside, job] = await Promise.all([startWalk('group'), startWalk('tree')]);
  await waitFor(() => sleepers(outside).length === 60 && sleepers(job).length === 60);
  await job.child.terminate({ eofWait: 0 });
  expect(sleepers(job)).toEqual([]);
  expect(sleepers(outside)).toHaveLength(60);
});

test("a command like 'a) R 1 (b' and a newline hides nobody", async () => {
  const name = 'a) R 1 (b\n';
  const inner = `printf %s "${name}" > /proc/$$/comm; sleep 60 & wait`;
  const job = await startMarked(
    '/bin/bash',
    ['-c', '(setsid bash -c "$0" </dev/null >/dev/null 2>&1 &); cat', inner],
    'tree',
  );
  const named = () => job.live().filter(({ command }) => command === name);
  await waitFor(() => named().length === 1);
  // What splits the line at blanks, or ends the command at the first parenthesis, reads nonsense.
  const [{ pid, pgid, sid }] = named() as [Stat];
  expect(job.child.members()).toContainEqual(
    expect.objectContaining({ pid, pgid, sid, command: name }),
  );
  expect(await job.child.terminate({ eofWait: 0 })).toMatchObject({ survivors: [] });
  expect(job.live()).toEqual([]);
});
