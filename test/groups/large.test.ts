// Two hundred processes are one group: ended by one call, and verified to be gone.
import { describe, expect, test } from 'vitest';
import { startReady } from '../children.js';
import { groupMembers, isAlive } from '../support/proc.js';

const size = 200;
const startLarge = (args: string[]) => startReady([`--members=${size}`, ...args]);

describe.each([
  ['with its leader alive', []],
  ['with its leader gone', ['--leave=0']],
])(`a group of ${size} %s`, (_name, leave) => {
  test('is listed whole', async () => {
    const { child, members } = await startLarge(leave);
    if (leave.length > 0) await child.exited;
    const listed = new Set(child.members().map(({ pid }) => pid));
    expect(members.filter((pid) => !listed.has(pid))).toEqual([]);
    expect(listed.size).toBe(size + (leave.length > 0 ? 0 : 1));
  });

  test('is ended by SIGTERM where all heed it', async () => {
    const { child, members } = await startLarge(leave);
    expect(await child.terminate({ eofWait: 0 })).toMatchObject({
      method: 'sigterm',
      survivors: [],
    });
    // At this very moment: "ended" means empty.
    expect(members.filter(isAlive)).toEqual([]);
    expect(groupMembers(child.pid)).toEqual([]);
  });

  test('is ended by SIGKILL where all ignore SIGTERM', async () => {
    const { child, members } = await startLarge([
      ...leave,
      '--ignore=TERM',
      '--member-ignore=TERM',
    ]);
    expect(await child.terminate({ eofWait: 0, grace: 50 })).toMatchObject({
      method: 'sigkill',
      survivors: [],
    });
    expect(members.filter(isAlive)).toEqual([]);
    expect(groupMembers(child.pid)).toEqual([]);
    expect(child.members()).toEqual([]);
  });
});
