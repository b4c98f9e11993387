// A child can be put into a group that this library created, as long as that lives.
import { describe, expect, test } from 'vitest';
import { posix, spawn } from '../../src/index.js';
import { startCat, startReady } from '../children.js';
import { openDescriptors, ownChildren, readStat } from '../support/proc.js';
import { waitFor } from '../support/wait-for.js';

describe('joining a living group', () => {
  test('puts the child into it, whichever of them asks', async () => {
    const leader = await startCat();
    const second = await startCat({ group: leader.pgid });
    const third = await startCat({ group: second.pgid });
    for (const child of [leader, second, third]) {
      expect(child.pgid).toBe(leader.pid);
      expect(readStat(child.pid)).toMatchObject({ pgid: leader.pid, ppid: process.pid });
      expect(child.members()).toHaveLength(3);
    }
    expect(third.kill('SIGTERM', 'group')).toBe(true);
    const exits = await Promise.all([leader, second, third].map((child) => child.exited));
    expect(exits.map(({ signal }) => signal)).toEqual(['SIGTERM', 'SIGTERM', 'SIGTERM']);
  });

  test('its scope is empty when the group is', async () => {
    const leader = await startCat();
    const second = await startCat({ group: leader.pgid });
    second.stdin?.end();
    await second.exited;
    let empty = false;
    void second.empty.then(() => (empty = true));
    await new Promise(setImmediate);
    expect(empty).toBe(false);
    expect(second.members().map(({ pid }) => pid)).toEqual([leader.pid]);
    leader.stdin?.end();
    await Promise.all([leader.empty, second.empty]);
  });

  test('works after the leader has exited, if a member lives', async () => {
    const { child: leader } = await startReady(['--members=1', '--leave=0']);
    await leader.exited;
    const second = await startCat({ group: leader.pgid });
    expect(readStat(second.pid)).toMatchObject({ pgid: leader.pgid });
    expect(await second.terminate({ eofWait: 10 })).toMatchObject({ survivors: [] });
    await leader.empty;
  });

  test('and ending the joined one ends them all', async () => {
    const leader = await startCat();
    const second = await startCat({ group: leader.pgid });
    expect(await second.terminate({ eofWait: 10 })).toMatchObject({ method: 'sigterm' });
    expect(await leader.exited).toMatchObject({ signal: 'SIGTERM' });
  });
});

describe('joining what can not be joined', () => {
  async function expectRefused(group: number): Promise<void> {
    const before = openDescriptors().size;
    const failure = await spawn('/bin/cat', [], { group }).catch((error: unknown) => error);
    expect(['ESRCH', 'EPERM']).toContain((failure as NodeJS.ErrnoException).code);
    expect(failure).toMatchObject({ syscall: 'setpgid' });
    await waitFor(() => openDescriptors().size <= before, {
      what: 'its descriptors to be closed',
    });
    expect(ownChildren().filter(({ command }) => command === 'cat')).toEqual([]);
  }

  test('a group that has died', async () => {
    const leader = await startCat();
    leader.kill('SIGKILL');
    await leader.empty;
    await expectRefused(leader.pgid);
  });

  test('a group that this library did not create: our own, and that of init', async () => {
    await expectRefused(posix.getpgid(0));
    await expectRefused(posix.getpgid(process.ppid));
  });

  test.each([0, 1, -1, 1.5, NaN, 2 ** 31])('%d, which is no group', async (group) => {
    await expect(spawn('/bin/cat', [], { group })).rejects.toMatchObject({
      name: 'RangeError',
      code: 'ERR_OUT_OF_RANGE',
    });
  });
});
