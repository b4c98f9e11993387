// Nobody leaves a cgroup without privilege, and a leader that a privileged hand has moved out of it is
// a member still.
import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { describe, expect, onTestFinished, test } from 'vitest';
import { capabilities, type Child } from '../../src/index.js';
import { isSettled } from '../children.js';
import { pidsOf, sorted, startLeaver } from '../groups/leaver.js';
import { isAlive } from '../support/proc.js';
import { waitFor } from '../support/wait-for.js';

const { cgroup } = capabilities();
const noHand = cgroup.writable && process.getuid?.() === 0 ? '' : ' (skipped: needs root)';

describe.skipIf(noHand !== '')(`moved out of its cgroup by a privileged hand${noHand}`, () => {
  /** Moves it, and says whether its own cgroup has anybody left. */
  function moveOut(child: Child): () => boolean {
    const root = cgroup.path!.replace(/\/$/, '');
    const relative = /^0::(.*)$/m.exec(readFileSync(`/proc/${child.pid}/cgroup`, 'utf8'))![1]!;
    const base = /^0::(.*)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8'))![1]!;
    const own = `${root}/${relative.slice(base === '/' ? 1 : base.length + 1)}`;
    const other = `${root}/reapwell-other-${child.pid}`;
    mkdirSync(other);
    onTestFinished(async () => {
      await waitFor(() => readFileSync(`${other}/cgroup.events`, 'utf8').includes('populated 0'));
      rmdirSync(other);
    });
    writeFileSync(`${other}/cgroup.procs`, `${child.pid}`);
    return () => readFileSync(`${own}/cgroup.events`, 'utf8').includes('populated 1');
  }

  test.each(['--to=parent', '--heeds'])('a leader (%s) is listed and ended', async (arg) => {
    const { child } = await startLeaver([arg], { scope: 'cgroup' });
    expect(moveOut(child)()).toBe(false);
    expect(pidsOf(child)).toEqual([child.pid]);
    expect(await isSettled(child.empty)).toBe(false);
    const method = arg === '--heeds' ? 'sigterm' : 'sigkill';
    expect(await child.terminate({ grace: arg === '--heeds' ? 20_000 : 50 })).toMatchObject({
      method,
      survivors: [],
    });
    expect(isAlive(child.pid)).toBe(false);
  });

  test('its members that stayed are ended with it', async () => {
    const { child, members } = await startLeaver(['--members=2'], { scope: 'cgroup' });
    expect(moveOut(child)()).toBe(true);
    expect(pidsOf(child)).toEqual(sorted([child.pid, ...members]));
    expect(await child.terminate({ grace: 50 })).toMatchObject({ method: 'sigkill' });
    expect([child.pid, ...members].filter(isAlive)).toEqual([]);
  });
});
