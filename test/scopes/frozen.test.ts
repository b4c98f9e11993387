// Processes that a freezer holds. In a frozen cgroup v2 a signal kills whom it would kill without a
// handler, and no handler runs; in a frozen one of v1 nobody dies.
import { accessSync, constants, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import { capabilities, type Child, type Scope } from '../../src/index.js';
import { startReady } from '../children.js';
import { isAlive } from '../support/proc.js';
import { waitFor } from '../support/wait-for.js';
import { describeScopes, everyScope } from './columns.js';

const { cgroup } = capabilities();
const v1 = '/sys/fs/cgroup/freezer';

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return process.getuid?.() === 0;
  } catch {
    return false;
  }
}

let made = 0;

/** A cgroup below `parent` with these processes in it, thawed and removed when the test ends. */
function cgroupOf(parent: string, pids: number[], thaw: (folder: string) => void): string {
  const folder = `${parent}/reapwell-frozen-${process.pid}-${made++}`;
  mkdirSync(folder);
  onTestFinished(async () => {
    thaw(folder);
    const left = () => readFileSync(`${folder}/cgroup.procs`, 'utf8').split('\n').slice(0, -1);
    for (const pid of left()) process.kill(Number(pid), 'SIGKILL');
    await waitFor(() => left().length === 0);
    rmdirSync(folder);
  });
  for (const pid of pids) writeFileSync(`${folder}/cgroup.procs`, String(pid));
  return folder;
}

async function startFrozen(scope: Scope, freeze: (child: Child, pids: number[]) => Promise<void>) {
  const args = ['--exit-on=TERM:4', '--members=2', '--member-ignore=TERM'];
  const { child, members } = await startReady(args, { scope });
  const pids = [child.pid, ...(scope === 'leader' ? [] : members)];
  await freeze(child, pids);
  // What asks nicely and waits, for whatever time: it stays pending.
  child.kill('SIGTERM', 'leader');
  await child.wait({ timeout: 100 }).catch(() => undefined);
  expect(pids.filter(isAlive)).toEqual(pids);
  return { child, pids };
}

/** The folder of a v2 cgroup that the processes are in now, or are put into. */
function v2FolderOf(child: Child, pids: number[]): string {
  if (child.scope !== 'cgroup') {
    return cgroupOf(cgroup.path!, pids, (made) => writeFileSync(`${made}/cgroup.freeze`, '0'));
  }
  const own = /^0::(.*)$/m.exec(readFileSync(`/proc/${child.pid}/cgroup`, 'utf8'))![1]!;
  return `${cgroup.path!.replace(/\/$/, '')}${own}`;
}

describeScopes(everyScope, (scope) => {
  const noV2 = cgroup.writable ? '' : ' (skipped: no cgroup v2 is writable here)';
  test.skipIf(!cgroup.writable)(
    `a frozen cgroup v2: it is thawed if it is the scope's own, else killed as it is${noV2}`,
    async () => {
      const { child, pids } = await startFrozen(scope, async (started, all) => {
        const folder = v2FolderOf(started, all);
        writeFileSync(`${folder}/cgroup.freeze`, '1');
        const isFrozen = () => readFileSync(`${folder}/cgroup.events`, 'utf8').includes('frozen 1');
        await waitFor(isFrozen, { what: 'its freezing' });
      });
      // Time for the thaw, where there is one, before SIGKILL overtakes the handler.
      const waits = { eofWait: 0, grace: scope === 'cgroup' ? 3000 : 200, killWait: 15_000 };
      expect(await child.terminate(waits)).toMatchObject({
        method: 'sigkill',
        survivors: [],
      });
      // Its handler ran, or it never did.
      const exit = scope === 'cgroup' ? { code: 4 } : { signal: 'SIGKILL' };
      expect(await child.exited).toMatchObject(exit);
      expect(pids.filter(isAlive)).toEqual([]);
    },
  );

  const noV1 = isWritable(v1) ? '' : ' (skipped: no freezer of cgroup v1 is writable here)';
  test.skipIf(!isWritable(v1))(
    `a frozen cgroup v1: its members are survivors, and end when they are thawed${noV1}`,
    async () => {
      let folder = '';
      const thaw = (it: string) => writeFileSync(`${it}/freezer.state`, 'THAWED');
      const { child, pids } = await startFrozen(scope, async (_, all) => {
        folder = cgroupOf(v1, all, thaw);
        writeFileSync(`${folder}/freezer.state`, 'FROZEN');
        const isFrozen = () => readFileSync(`${folder}/freezer.state`, 'utf8') === 'FROZEN\n';
        await waitFor(isFrozen, { what: 'its freezing' });
      });
      const waits = { eofWait: 0, grace: 50, killWait: 100 };
      const failed = await child.terminate(waits);
      expect(failed.method).toBe('failed');
      expect(failed.survivors.map(({ pid }) => pid).sort()).toEqual([...pids].sort());
      for (const { state, reason } of failed.survivors) {
        // It hangs in the kernel, by whichever name.
        expect({ state, reason }).toEqual({ state: 'D', reason: 'uninterruptible' });
      }
      expect(child.poll()).toEqual({ state: 'running' });
      thaw(folder);
      await child.empty;
      // By SIGKILL, or by the handler if that had not been sent yet to a scope that is listed first.
      expect((await child.exited).known).toBe(true);
      expect(pids.filter(isAlive)).toEqual([]);
    },
  );
});
