// A group lives as long as a member does, leader or not.
import { describe, expect, test } from 'vitest';
import { posix } from '../../src/index.js';
import { firstLine, isSettled, start, startReady } from '../children.js';
import { fixture } from '../support/fixture.js';
import { groupMembers, isAlive, readStat } from '../support/proc.js';
import { waitFor } from '../support/wait-for.js';

test('members() lists leader and members as /proc shows them', async () => {
  const { child, members } = await startReady(['--members=3']);
  const listed = child.members();
  expect(listed.map(({ pid }) => pid).sort((a, b) => a - b)).toEqual(
    [child.pid, ...members].sort((a, b) => a - b),
  );
  for (const member of listed) {
    expect(member).toMatchObject({
      ppid: member.pid === child.pid ? process.pid : child.pid,
      pgid: child.pid,
      sid: posix.getsid(0),
      state: 'S',
      command: 'ready',
      identity: { pid: member.pid, bootId: child.identity.bootId },
    });
    expect(member.identity.startTicks).toBeGreaterThan(0);
  }
  const leader = listed.find(({ pid }) => pid === child.pid);
  expect(leader?.identity.startTicks).toBe(child.identity.startTicks);
});

test('a command that looks like a line of /proc/PID/stat is told as it is', async () => {
  const name = 'a) R 1 (b\n';
  const child = await start('/bin/sh', [
    '-c',
    `printf %s "$1" > /proc/$$/comm; read line`,
    'sh',
    name,
  ]);
  await waitFor(() => child.members()[0]?.command === name);
  expect(child.members()).toMatchObject([{ pid: child.pid, ppid: process.pid, pgid: child.pid }]);
});

describe('when the leader has exited and members live', () => {
  test('the group is not empty, is listed, and is hit by a group signal', async () => {
    const { child, members } = await startReady(['--members=3', '--leave=4']);
    expect(await child.exited).toMatchObject({ code: 4 });
    expect(child.poll()).toMatchObject({ state: 'exited', exit: { code: 4 } });
    expect(await isSettled(child.empty)).toBe(false);
    expect(child.members().map(({ pid }) => pid)).toEqual(expect.arrayContaining(members));
    expect(child.members()).toHaveLength(3);
    expect(child.kill('SIGTERM', 'leader')).toBe(false);
    expect(members.filter(isAlive)).toEqual(members);

    expect(child.kill('SIGTERM', 'group')).toBe(true);
    await child.empty;
    expect(members.filter(isAlive)).toEqual([]);
    expect(child.members()).toEqual([]);
    expect(child.kill('SIGTERM', 'group')).toBe(false);
  });

  test('it becomes empty with its last member, not before', async () => {
    const { child, members } = await startReady(['--members=3', '--leave=0']);
    await child.exited;
    for (const [index, member] of members.entries()) {
      expect(await isSettled(child.empty)).toBe(false);
      expect(child.members()).toHaveLength(members.length - index);
      process.kill(member, 'SIGKILL');
      await waitFor(() => !isAlive(member));
    }
    await child.empty;
  });

  test('a member that leaves the group is no longer of it', async () => {
    // It starts a session of its own once the leader is gone, and lives on.
    const script = '(read line; exec setsid sleep 60) <&3 >/dev/null 2>&1 & echo ready; exit 0';
    const child = await start('/bin/sh', ['-c', script], {
      stdio: ['ignore', 'pipe', 'ignore', 'pipe'],
    });
    await firstLine(child);
    await child.exited;
    const [member] = groupMembers(child.pid);
    expect(child.members().map(({ pid }) => pid)).toEqual([member]);
    try {
      (child.stdio[3] as NodeJS.WritableStream).write('go\n');
      await child.empty;
      expect(readStat(member!)).toMatchObject({ pgid: member });
    } finally {
      process.kill(member!, 'SIGKILL');
    }
  });
});

describe('when only zombies are left', () => {
  test('the group is empty, although nobody reaps them', async () => {
    const { child } = await startReady(['--members=1']);
    const keeper = await start(fixture('keeps-zombie'), [`${child.pid}`], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const zombie = Number((await firstLine(keeper)).split(' ')[1]);
    expect(readStat(zombie)).toMatchObject({ state: 'Z', pgid: child.pid });
    expect(child.members().map(({ pid }) => pid)).not.toContain(zombie);

    child.kill('SIGKILL', 'group');
    await child.empty;
    // kill(2) itself still finds the group: it counts the dead.
    expect(readStat(zombie)).toMatchObject({ state: 'Z', pgid: child.pid });
    expect(child.members()).toEqual([]);
  });

  test('a dead main thread with others alive is no zombie of that kind', async () => {
    const child = await start(fixture('threads-left'), [], { stdio: ['pipe', 'pipe', 'ignore'] });
    await firstLine(child);
    await waitFor(() => readStat(child.pid)?.state === 'Z');
    expect(child.poll()).toEqual({ state: 'running' });
    expect(child.members().map(({ pid }) => pid)).toEqual([child.pid]);
    expect(await isSettled(child.empty)).toBe(false);
    expect(child.kill('SIGTERM', 'group')).toBe(true);
    await child.empty;
    expect(await child.exited).toMatchObject({ signal: 'SIGTERM' });
  });
});
