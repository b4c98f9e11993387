// A leader is a member of its scope for as long as it lives, whatever group it has moved to; and that
// group, which may be our own, is nobody's to signal.
import { describe, expect, test } from 'vitest';
import { attach, posix, run, type Scope } from '../../src/index.js';
import { isSettled, startCat } from '../children.js';
import { describeScopes } from '../scopes/columns.js';
import { fixture } from '../support/fixture.js';
import { jsonProgram } from '../support/program.js';
import { isAlive, readStat } from '../support/proc.js';
import { waitFor } from '../support/wait-for.js';
import { pidsOf, sorted, startBystander, startLeaver } from './leaver.js';

// A session's leader can't leave: neither setpgid nor setsid is granted to it.
const scopes: readonly Scope[] = ['group', 'tree', 'cgroup'];
const everyOwner = Object.entries({
  'our own group': () => ['--to=parent'],
  "another child's group": async () => [`--to=${(await startCat()).pid}`],
  'a session of its own': () => ['--to=parent', '--own-session'],
}) as [string, () => string[] | Promise<string[]>][];
// The session would have the number of the group that it left, which is refused while that has members.
const [ownGroup, othersGroup] = everyOwner;
const besideMembers = [ownGroup!, othersGroup!];

describeScopes(scopes, (scope) => {
  describe.each(everyOwner)('and a leader in %s', (_, owner) => {
    test('is listed alone when nobody stayed behind, before and after it leaves', async () => {
      const { child, leave } = await startLeaver(['--on=USR2', ...(await owner())], { scope });
      expect(pidsOf(child)).toEqual([child.pid]);
      await leave();
      expect(pidsOf(child)).toEqual([child.pid]);
      expect(await isSettled(child.empty)).toBe(false);
    });

    test.each(['group', scope])("hears a signal to its '%s'", async (to) => {
      const { child: bystander } = await startBystander();
      const { child, leave } = await startLeaver(['--on=USR2', '--heeds', ...(await owner())], {
        scope,
      });
      await leave();
      expect(child.kill('SIGTERM', to as Scope)).toBe(true);
      expect(await child.exited).toMatchObject({ code: 3 });
      await child.empty;
      expect(child.kill('SIGTERM', to as Scope)).toBe(false);
      expect(bystander.poll()).toEqual({ state: 'running' });
    });

    test('is ended by force', async () => {
      const { child: bystander } = await startBystander();
      const { child } = await startLeaver(await owner(), { scope });
      expect(await child.terminate({ grace: 100 })).toMatchObject({
        method: 'sigkill',
        survivors: [],
      });
      expect(isAlive(child.pid)).toBe(false);
      expect(bystander.poll()).toEqual({ state: 'running' });
    });

    test('is ended although it left between two steps', async () => {
      const { child, leave } = await startLeaver(['--on=USR2', ...(await owner())], { scope });
      const termination = await child.terminate({
        escalation: [
          { signal: 'SIGTERM', wait: 50 },
          { action: leave, wait: 1000 },
          { signal: 'SIGKILL', wait: 20_000 },
        ],
      });
      expect(termination).toMatchObject({ method: 'sigkill', survivors: [] });
      expect(isAlive(child.pid)).toBe(false);
    });

    test('is named when it survives', async () => {
      const { child } = await startLeaver(await owner(), { scope });
      expect(
        await child.terminate({ escalation: [{ signal: 'SIGTERM', wait: 100 }] }),
      ).toMatchObject({
        method: 'failed',
        survivors: [{ pid: child.pid, pgid: readStat(child.pid)!.pgid, reason: 'alive' }],
      });
      expect(child.poll()).toEqual({ state: 'running' });
    });
  });

  describe.each(besideMembers)(
    'and a leader in %s, whose members stayed behind,',
    (where, owner) => {
      test('is listed with its members', async () => {
        const { child, members } = await startLeaver(['--members=2', ...(await owner())], {
          scope,
        });
        expect(pidsOf(child)).toEqual(sorted([child.pid, ...members]));
        const seen = child.members().find(({ pid }) => pid === child.pid);
        expect(seen).toMatchObject({ pgid: readStat(child.pid)!.pgid, command: 'leaves-group' });
        if (where === ownGroup![0]) expect(seen?.pgid).toBe(posix.getpgid(0));
      });

      test('is ended, and its members with it', async () => {
        const { child: bystander } = await startBystander();
        const { child, members } = await startLeaver(['--members=2', ...(await owner())], {
          scope,
        });
        expect(await child.terminate({ eofWait: 0, grace: 100 })).toMatchObject({
          method: 'sigkill',
          survivors: [],
        });
        expect(await child.exited).toMatchObject({ signal: 'SIGKILL' });
        expect([child.pid, ...members].filter(isAlive)).toEqual([]);
        expect(bystander.poll()).toEqual({ state: 'running' });
      });

      test('may end: its scope is empty with the last of those that stayed', async () => {
        const { child, members } = await startLeaver(['--members=2', ...(await owner())], {
          scope,
        });
        expect(child.kill('SIGKILL')).toBe(true);
        await child.exited;
        expect(pidsOf(child)).toEqual(sorted(members));
        expect(await isSettled(child.empty)).toBe(false);
        expect(child.kill('SIGKILL', 'group')).toBe(true);
        await child.empty;
        expect(members.filter(isAlive)).toEqual([]);
      });
    },
  );
});

describe.each(['leader', 'group', 'session', 'tree'] as const)("run with scope '%s'", (scope) => {
  test('ends a program that moves into our own group', async () => {
    const { child: bystander } = await startBystander();
    const completion = await run(
      '/usr/bin/perl',
      [
        '-e',
        'use POSIX; POSIX::setpgid(0, getpgrp(getppid())); $SIG{TERM}="IGNORE"; $|=1; print "x"; sleep 31',
      ],
      { timeout: 400, eofWait: 0, grace: 300, killWait: 20_000, scope },
    );
    expect(completion).toMatchObject({
      status: 'timeout',
      stdout: 'x',
      exit: { signal: 'SIGKILL' },
      termination: { method: 'sigkill', survivors: [] },
    });
    expect(isAlive(completion.pid!)).toBe(false);
    expect(bystander.poll()).toEqual({ state: 'running' });
  });
});

test('a child that has left the group that it joined is ended with it', async () => {
  const host = await startCat();
  const { child } = await startLeaver(['--to=parent'], { group: host.pid });
  expect(pidsOf(child)).toEqual(sorted([child.pid, host.pid]));
  // The group may go before it does.
  host.kill('SIGKILL');
  await host.empty;
  expect(pidsOf(child)).toEqual([child.pid]);
  expect(await child.terminate({ grace: 50 })).toMatchObject({ method: 'sigkill', survivors: [] });
  expect(isAlive(child.pid)).toBe(false);
});

test('a process that is attached to and leaves its group is ended with it', async () => {
  const { child, members, leave } = await startLeaver(['--on=USR2', '--members=2', '--to=parent']);
  const attached = await attach(child.pid, { scope: 'group' });
  await leave();
  expect(pidsOf(attached)).toEqual(sorted([child.pid, ...members]));
  expect(await attached.terminate({ grace: 50 })).toMatchObject({
    method: 'sigkill',
    survivors: [],
  });
  await attached.empty;
  expect([child.pid, ...members].filter(isAlive)).toEqual([]);
});

describe('at the end of the program', () => {
  test.each(['group', 'tree'])("'onExit' ends it with scope '%s'", async (scope) => {
    const pid = await jsonProgram<number>(
      `
        import { spawn } from 'reapwell';
        import { once } from 'node:events';
        const [program, scope] = process.argv.slice(2);
        const child = await spawn(program, ['--to=parent'], {
          stdio: ['ignore', 'pipe', 'ignore'],
          scope,
          onExit: 'terminate',
          parentDeathSignal: null,
        });
        let said = '';
        for await (const chunk of child.stdout) if ((said += chunk).includes('ready')) break;
        console.log(child.pid);
        process.exit();
      `,
      { args: [fixture('leaves-group'), scope] },
    );
    await waitFor(() => !isAlive(pid), { what: 'its end' });
  });
});

test('a group that we have joined ourselves is not signalled, and its leader is', async () => {
  const seen = await jsonProgram(
    `
      import { posix, spawn } from 'reapwell';
      const child = await spawn('/bin/cat');
      posix.setpgid(0, child.pid);
      const told = [];
      process.on('SIGTERM', () => told.push('SIGTERM'));
      const delivered = child.kill('SIGTERM', 'group');
      const { signal } = await child.exited;
      await new Promise((resolve) => setTimeout(resolve, 100));
      console.log(JSON.stringify({ delivered, signal, told }));
      process.exit();
    `,
  );
  expect(seen).toEqual({ delivered: true, signal: 'SIGTERM', told: [] });
});
