// The process group and session in which a child finds itself, and who may join which.
import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { spawn, type Child } from '../../src/index.js';
import { cleanFailure, failure } from '../support/failure.js';
import { fixture } from '../support/fixture.js';
import { endWithTest, probe, readProbe, temporaryDirectory } from '../support/probe.js';
import { groupMembers, isAlive, readStat } from '../support/proc.js';
import { nodeProgram } from '../support/program.js';
import { waitFor } from '../support/wait-for.js';

const ours = readStat(process.pid)!;

// Starts the ready program, and waits for its word; its members' pids come with it.
async function ready(args: string[], options: Parameters<typeof spawn>[2] = {}) {
  const stdio = ['pipe', 'pipe', 'inherit'] as const;
  const child = endWithTest(await spawn(fixture('ready'), args, { stdio, ...options }));
  const [said] = (await once(child.stdout!, 'data')) as [Buffer];
  return { child, members: String(said).trim().split(' ').slice(1).map(Number) };
}

async function endGroup(child: Child): Promise<void> {
  child.kill('SIGKILL', 'group');
  await child.empty;
}

describe('a group of its own', () => {
  test('is the default, in our session', async () => {
    const { child } = await ready([]);
    expect(child.pgid).toBe(child.pid);
    expect(readStat(child.pid)).toMatchObject({ pgid: child.pid, sid: ours.sid });
    await endGroup(child);
  });

  test('is there when spawn resolves, 5000 times', async () => {
    // In a program of its own: what /proc says at that very moment, before anything else runs.
    const source = `
      import { spawn, posix } from 'reapwell';
      let wrong = 0;
      const one = async () => {
        const child = await spawn(process.argv[2], [], { stdio: 'ignore' });
        let pgid;
        // A child that has been reaped by now has no group to ask for.
        try { pgid = posix.getpgid(child.pid); } catch ({ code }) { pgid = code === 'ESRCH' ? child.pid : code; }
        if (pgid !== child.pid || child.pgid !== child.pid) wrong++;
        child.kill('SIGKILL');
        await child.exited;
      };
      for (let i = 0; i < 5000; i += 20) await Promise.all(Array.from({ length: 20 }, one));
      console.log(wrong);
    `;
    const { stdout, stderr } = await nodeProgram(source, { args: [fixture('ready')] });
    expect({ stdout, stderr }).toEqual({ stdout: '0\n', stderr: '' });
  });
});

describe('a session', () => {
  test('is led by the child, and so is its group', async () => {
    const { child } = await ready([], { session: true });
    expect(child.pgid).toBe(child.pid);
    expect(readStat(child.pid)).toMatchObject({ pgid: child.pid, sid: child.pid });
    expect(child.kill('SIGTERM', 'group')).toBe(true);
    expect(await child.exited).toMatchObject({ signal: 'SIGTERM' });
  });

  test('can be said together with the group that it implies', async () => {
    const seen = await probe({ session: true, group: 'new' });
    expect([seen.pgid, seen.sid]).toEqual([seen.pid, seen.pid]);
  });

  test('false is our session', async () => {
    expect(await probe({ session: false })).toMatchObject({ sid: ours.sid });
  });

  test('contradicts joining a group', async () => {
    for (const group of ['inherit', 12_345] as const) {
      const error = await failure(spawn('/bin/true', [], { session: true, group }));
      expect(error).toBeInstanceOf(TypeError);
      expect(error.code).toBe('ERR_INVALID_ARG_VALUE');
    }
  });
});

describe('our own group', () => {
  test('is inherited, and never signalled', async () => {
    const { child } = await ready([], { group: 'inherit' });
    expect(child.pgid).toBe(ours.pgid);
    expect(child.scope).toBe('leader');
    expect(readStat(child.pid)).toMatchObject({ pgid: ours.pgid, sid: ours.sid });
    expect(() => child.kill('SIGTERM', 'group')).toThrow(
      expect.objectContaining({ code: 'ERR_REAPWELL_FOREIGN_GROUP' }) as Error,
    );
    expect(child.kill('SIGTERM')).toBe(true);
    expect(await child.exited).toMatchObject({ signal: 'SIGTERM' });
  });
});

describe('a group that this library created', () => {
  test('can be joined', async () => {
    const { child: leader } = await ready([]);
    const { child: member } = await ready([], { group: leader.pgid });
    expect(member.pgid).toBe(leader.pid);
    expect(readStat(member.pid)).toMatchObject({ pgid: leader.pid });
    expect(groupMembers(leader.pid).sort()).toEqual([leader.pid, member.pid].sort());
    await endGroup(leader);
    expect(await member.exited).toMatchObject({ signal: 'SIGKILL' });
  });

  test('can be joined while only its members live', async () => {
    const { child: leader, members } = await ready(['--members=1', '--leave=4']);
    expect(await leader.exited).toMatchObject({ code: 4 });
    const { child: joined } = await ready([], { group: leader.pgid });
    expect(readStat(joined.pid)).toMatchObject({ pgid: leader.pid });
    await endGroup(leader);
    expect(await joined.exited).toMatchObject({ signal: 'SIGKILL' });
    expect(isAlive(members[0]!)).toBe(false);
  });

  test('can be joined through a member', async () => {
    const { child: leader } = await ready([]);
    const { child: second } = await ready([], { group: leader.pgid });
    const { child: third } = await ready([], { group: second.pgid });
    expect(readStat(third.pid)).toMatchObject({ pgid: leader.pid });
    second.kill('SIGKILL', 'group');
    expect(await leader.exited).toMatchObject({ signal: 'SIGKILL' });
    expect(await third.exited).toMatchObject({ signal: 'SIGKILL' });
  });

  test('can’t be joined once it is dead', async () => {
    const child = await spawn(fixture('exit-now'), [], { stdio: 'ignore' });
    await child.empty;
    const out = `${temporaryDirectory()}/out`;
    const start = () => spawn(fixture('probe'), [`out=${out}`], { group: child.pgid });
    const error = await cleanFailure(start);
    expect(error.code).toMatch(/^(ESRCH|EPERM)$/);
    expect(error).toMatchObject({ syscall: 'setpgid', path: fixture('probe') });
    expect(() => readProbe(out)).toThrow('ENOENT');
  });
});

describe('a group that is not this library’s', () => {
  test.each([
    ['our own, by number', ours.pgid],
    ['one that does not exist', 2 ** 31 - 1],
  ])('can’t be joined: %s', async (_, group) => {
    const error = await cleanFailure(() => spawn('/bin/true', [], { group }));
    expect(error.code).toMatch(/^(ESRCH|EPERM)$/);
  });

  test('can’t be joined though it is a child’s: one that the child made by itself', async () => {
    // --member-session: the member has left our group for one of its own.
    const { child, members } = await ready(['--members=1', '--member-session']);
    const [member] = members;
    await waitFor(() => readStat(member!)?.pgid === member);
    const error = await failure(spawn('/bin/true', [], { group: member! }));
    expect(error.code).toMatch(/^(ESRCH|EPERM)$/);
    await endGroup(child);
    process.kill(member!, 'SIGKILL');
  });
});
