// A handle for a process that this library did not start.
import { spawn as nodeSpawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, onTestFinished, test } from 'vitest';
import { attach, capabilities, spawn, type Exit, type Process } from '../../src/index.js';
import { isSettled, startCat } from '../children.js';
import { fixture } from '../support/fixture.js';
import { isAlive, readStat } from '../support/proc.js';
import { waitFor } from '../support/wait-for.js';

const { pidfdOpen, pidfdExitStatus, pidfdGroupSignal } = capabilities();
/** The group of who is not our child is held by its leader's pidfd. */
const holdsGroups = pidfdOpen && pidfdGroupSignal;

/** In a group of its own, which is killed with the test. */
function startByNode(file: string, args: string[] = []): ChildProcess {
  const child = nodeSpawn(file, args, { detached: true, stdio: ['pipe', 'pipe', 'ignore'] });
  onTestFinished(() => {
    try {
      process.kill(-child.pid!, 'SIGKILL');
    } catch {
      // It has ended.
    }
  });
  return child;
}

/** Somebody else's: its parent, which reaps it, is a shell. */
async function startStranger(): Promise<{ pid: number; parent: ChildProcess }> {
  const parent = startByNode('/bin/bash', ['-c', 'sleep 60 & echo $!; wait; exit 0']);
  const [said] = (await once(parent.stdout!, 'data')) as [Buffer];
  const pid = Number(said.toString());
  onTestFinished(() => {
    if (readStat(pid)?.command === 'sleep') process.kill(pid, 'SIGKILL');
  });
  await waitFor(() => readStat(pid)?.command === 'sleep');
  return { pid, parent };
}

function expectTold(exit: Exit, truth: Pick<Exit, 'code' | 'signal'>): void {
  if (exit.known) expect(exit).toMatchObject(truth);
  else expect(exit).toMatchObject({ code: null, signal: null, coreDumped: false });
  // Where the kernel tells a non-parent that holds it, it is not unknown.
  if (pidfdOpen && pidfdExitStatus) expect(exit.known).toBe(true);
}

describe('a ChildProcess of node:child_process', () => {
  const script = 'read line; eval "$line"';
  test.each([
    ['exit 0', { code: 0, signal: null }],
    ['exit 7', { code: 7, signal: null }],
    ['kill -KILL $$', { code: null, signal: 'SIGKILL' }],
  ] as const)('that ends by %s: its status, or unknown; never another', async (line, truth) => {
    const child = startByNode('/bin/sh', ['-c', script]);
    const process = await attach(child);
    expect(process.pid).toBe(child.pid);
    expect(process.poll()).toEqual({ state: 'running' });
    const exit = once(child, 'exit');
    child.stdin!.end(`${line}\n`);
    expectTold(await process.exited, truth);
    await process.empty;
    // Node's own report is not taken from it.
    expect(await exit).toEqual([truth.code, truth.signal]);
  });
});

describe('a process that is not our child', () => {
  test('is watched to its end', async () => {
    const { pid, parent } = await startStranger();
    const stranger = await attach(pid);
    expect(readStat(pid)!.ppid).toBe(parent.pid);
    expect(stranger.identity).toMatchObject({ pid });
    expect(stranger.members()).toMatchObject([{ pid, command: 'sleep', ppid: parent.pid }]);
    process.kill(pid, 'SIGKILL');
    expectTold(await stranger.exited, { code: null, signal: 'SIGKILL' });
    expect(stranger.members()).toEqual([]);
    expect(stranger.kill('SIGKILL')).toBe(false);
  });

  test('is ended by terminate()', async () => {
    const { pid } = await startStranger();
    const stranger = await attach(pid);
    expect(await stranger.terminate({ grace: 10_000 })).toMatchObject({
      method: 'sigterm',
      survivors: [],
    });
    expect(isAlive(pid)).toBe(false);
    expect(await stranger.terminate()).toMatchObject({ method: 'not_running', steps: [] });
  });

  test('is stopped, continued and killed', async () => {
    const { pid } = await startStranger();
    const stranger = await attach(pid);
    expect(stranger.kill('SIGSTOP')).toBe(true);
    await waitFor(() => stranger.poll().state === 'stopped');
    expect(stranger.kill('SIGCONT')).toBe(true);
    await waitFor(() => stranger.poll().state === 'running');
    expect(stranger.kill('SIGKILL')).toBe(true);
    await stranger.exited;
  });

  test('is not touched by a handle that is dropped', async () => {
    const { pid } = await startStranger();
    const before = await attach(pid);
    before.unref();
    before.release();
    await before[Symbol.asyncDispose]();
    expect(before.poll()).toEqual({ state: 'running' });
    expect(isAlive(pid)).toBe(true);
  });
});

/** A leader that heeds SIGTERM, which Node reaps, and members that ignore it. */
async function attachGroup(args: string[] = []) {
  const child = startByNode(fixture('ready'), ['--members=2', '--member-ignore=TERM', ...args]);
  const [said] = (await once(child.stdout!, 'data')) as [Buffer];
  const members = said.toString().trim().split(' ').slice(1).map(Number);
  onTestFinished(() => {
    for (const pid of members) if (isAlive(pid)) process.kill(pid, 'SIGKILL');
  });
  const group: Process = await attach(child, { scope: 'group' });
  return { child, members, group };
}

const pidsOf = (processes: readonly { pid: number }[]) => processes.map(({ pid }) => pid).sort();

describe("scope 'group'", () => {
  test('covers the members too', async () => {
    const { child, members, group } = await attachGroup();
    expect(group.scope).toBe('group');
    expect(pidsOf(group.members())).toEqual([child.pid!, ...members].sort());
    expect(group.kill('SIGKILL', 'group')).toBe(true);
    await group.empty;
    expect(members.filter(isAlive)).toEqual([]);
    expect(group.members()).toEqual([]);
  });

  test('is not empty when its leader has gone, but with its last member', async () => {
    const { child, members, group } = await attachGroup();
    child.kill('SIGTERM');
    await group.exited;
    for (const [index, member] of members.entries()) {
      expect(await isSettled(group.empty)).toBe(false);
      expect(pidsOf(group.members())).toEqual(members.slice(index).sort());
      process.kill(member, 'SIGKILL');
      await waitFor(() => !isAlive(member));
    }
    await group.empty;
    expect(await group.terminate()).toMatchObject({ method: 'not_running', steps: [] });
  });

  test('is ended whole, leader dead or not', async () => {
    const { members, group } = await attachGroup();
    const termination = await group.terminate({ grace: 100, killWait: 10_000 });
    expect(termination).toMatchObject({ method: 'sigkill', survivors: [] });
    expect(members.filter(isAlive)).toEqual([]);
    await group.empty;
  });

  test('is ended whole if its leader was dead before the first signal', async () => {
    const { child, members, group } = await attachGroup();
    child.kill('SIGKILL');
    await group.exited;
    expect(await group.terminate({ grace: 100, killWait: 10_000 })).toMatchObject({
      method: 'sigkill',
      survivors: [],
    });
    expect(members.filter(isAlive)).toEqual([]);
  });

  // Once its parent has reaped the leader, and nobody is left who was seen beside it, the number could
  // be a stranger's.
  test.skipIf(holdsGroups)(
    'is not signalled if nobody in it is known, and its members are named (held by number)',
    async () => {
      const successor = `trap 'sleep 60 & echo $!; exit' USR1; echo ready`;
      const script = `(${successor}; while :; do sleep 0.01; done) & echo $!; wait; wait`;
      const child = startByNode('/bin/bash', ['-c', script]);
      let said = '';
      child.stdout!.on('data', (chunk: Buffer) => (said += chunk.toString()));
      const numbers = () => (said.match(/^\d+$/gm) ?? []).map(Number);
      await waitFor(() => said.includes('ready') && numbers().length === 1);
      const group = await attach(child, { scope: 'group' });
      const member = numbers()[0]!;
      process.kill(member, 'SIGUSR1');
      await waitFor(() => numbers().length === 2 && !isAlive(member));
      const unknown = numbers()[1]!;
      child.kill('SIGKILL');
      await group.exited;
      // As a zombie it keeps the number.
      await waitFor(() => readStat(child.pid!) === undefined);
      await waitFor(() => pidsOf(group.members()).join() === `${unknown}`);
      const termination = await group.terminate({ grace: 100, killWait: 100 });
      const refused = { delivered: false, ended: false, error: { code: 'EPERM' } };
      expect(termination).toMatchObject({
        method: 'failed',
        steps: [
          { step: 'sigterm', ...refused },
          { step: 'sigkill', ...refused },
        ],
        survivors: [{ pid: unknown }],
      });
      expect(isAlive(unknown)).toBe(true);
      expect(() => group.kill('SIGKILL', 'group')).toThrow(
        expect.objectContaining({ code: 'EPERM' }),
      );
      expect(await isSettled(group.empty)).toBe(false);
      process.kill(unknown, 'SIGKILL');
      await group.empty;
      expect(group.kill('SIGKILL', 'group')).toBe(false);
    },
  );

  test("'leader' covers the leader alone", async () => {
    const child = startByNode(fixture('ready'), ['--members=1']);
    const [said] = (await once(child.stdout!, 'data')) as [Buffer];
    const [, member] = said.toString().trim().split(' ').map(Number);
    const leader = await attach(child);
    expect(await leader.terminate()).toMatchObject({ method: 'sigterm' });
    expect(isAlive(member!)).toBe(true);
  });

  test('of a process that leads no group is refused', async () => {
    const child = nodeSpawn('/bin/cat');
    onTestFinished(() => void child.kill('SIGKILL'));
    await expect(attach(child, { scope: 'group' })).rejects.toMatchObject({
      code: 'ERR_REAPWELL_FOREIGN_GROUP',
    });
    expect(isAlive(child.pid!)).toBe(true);
  });
});

describe('an identity', () => {
  test('of an earlier child is that child', async () => {
    const child = await startCat();
    const again = await attach(JSON.parse(JSON.stringify(child.identity)) as typeof child.identity);
    const { inode } = child.identity;
    expect(again.identity).toEqual({ ...child.identity, inode: pidfdOpen ? inode : 0 });
    child.stdin!.end();
    expect(await child.exited).toMatchObject({ code: 0 });
    expectTold(await again.exited, { code: 0, signal: null });
  });

  test.each([
    ['another start time', { startTicks: 1 }],
    ['another boot', { bootId: '00000000-0000-0000-0000-000000000000' }],
    ['no boot', { bootId: '' }],
  ])('with %s is nobody', async (_, change) => {
    const child = await startCat();
    await expect(attach({ ...child.identity, ...change })).rejects.toMatchObject({ code: 'ESRCH' });
    expect(child.poll()).toEqual({ state: 'running' });
  });

  test('of one who has ended is nobody', async () => {
    const child = await spawn('/bin/true');
    await child.empty;
    await expect(attach(child.identity)).rejects.toMatchObject({ code: 'ESRCH' });
  });
});

describe('bad targets', () => {
  test.each([-1, 0, 1, 2 ** 31])('pid %d is out of range', async (pid) => {
    await expect(attach(pid)).rejects.toMatchObject({
      name: 'RangeError',
      code: 'ERR_OUT_OF_RANGE',
    });
  });

  test.each([['12'], [null], [undefined], [true]])('%j is a TypeError', async (target) => {
    await expect(attach(target as never)).rejects.toMatchObject({
      name: 'TypeError',
      code: 'ERR_INVALID_ARG_TYPE',
    });
  });

  test('unknown options and wide scopes are refused', async () => {
    const child = await startCat();
    for (const options of [{ scope: 'tree' }, { timeout: 5 }]) {
      await expect(attach(child.pid, options as never)).rejects.toMatchObject({
        name: 'TypeError',
        code: 'ERR_INVALID_ARG_VALUE',
      });
    }
  });
});
