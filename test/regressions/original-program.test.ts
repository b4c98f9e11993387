// The three bugs of the program that this library comes from. They must never come back.
import { expect, test } from 'vitest';
import { posix, run, type Completion } from '../../src/index.js';
import { startReady } from '../children.js';
import { fixture } from '../support/fixture.js';
import { jsonProgram } from '../support/program.js';
import { groupMembers, isAlive } from '../support/proc.js';

const expectErrno = (code: string) => expect.objectContaining({ code }) as Error;

test('bug 1: killpg(-pid) is EINVAL and ends nobody; our group signal ends the group', async () => {
  const { child, members } = await startReady(['--members=3']);
  expect(() => posix.killpg(-child.pid, 'SIGKILL')).toThrow(expectErrno('EINVAL'));
  expect(groupMembers(child.pgid).sort()).toEqual([child.pid, ...members].sort());
  expect(child.kill('SIGTERM', 'group')).toBe(true);
  await child.empty;
  expect(members.filter(isAlive)).toEqual([]);
  expect(await child.exited).toMatchObject({ signal: 'SIGTERM' });
});

test('bug 1: terminate() ends the group too', async () => {
  const { child, members } = await startReady(['--members=3']);
  expect(await child.terminate({ eofWait: 20, grace: 10_000 })).toMatchObject({
    method: 'sigterm',
  });
  expect([child.pid, ...members].filter(isAlive)).toEqual([]);
});

test('bug 2: a status that a waitpid(-1) has taken (ECHILD) is never reported as completed', async () => {
  const { stolen, completions } = await jsonProgram<{ stolen: number; completions: Completion[] }>(
    `
      import { posix, run } from 'reapwell';
      const [exitWith] = process.argv.slice(2);
      const completions = [];
      let stolen = 0;
      // Blocks the loop until the status is there, and so races the reaper for it.
      const steal = () => {
        try {
          if (posix.waitpid(-1, 0).pid > 0) stolen++;
        } catch (error) {
          if (error.code !== 'ECHILD') throw error;
        }
      };
      for (let i = 0; i < 100; i++) {
        const thief = setInterval(steal, 0);
        completions.push(await run(exitWith, ['code', '5']));
        clearInterval(thief);
      }
      console.log(JSON.stringify({ stolen, completions }));
    `,
    { args: [fixture('exit-with')] },
  );
  expect(stolen).toBeGreaterThan(0);
  expect(completions).toHaveLength(100);
  for (const { status, exit, error } of completions) {
    if (exit?.known === true)
      expect({ status, code: exit.code }).toEqual({ status: 'failed', code: 5 });
    else expect({ status, code: exit?.code, error }).toMatchObject({ status: 'error', code: null });
  }
});

test('bug 3: success is not judged on the leader alone: its stragglers are ended and told of', async () => {
  const completion = await run(
    fixture('ready'),
    ['--members=2', '--leave=0', '--member-ignore=TERM'],
    {
      grace: 50,
    },
  );
  const members = completion.stdout.trim().split(' ').slice(1).map(Number);
  expect(members).toHaveLength(2);
  expect(members.filter(isAlive)).toEqual([]);
  expect(completion).toMatchObject({
    status: 'completed',
    exit: { code: 0 },
    termination: { method: 'sigkill', survivors: [] },
  });
});

test('bug 3: a leader that exits with 0 and leaves one who lives is no success', async () => {
  const completion = await run(
    fixture('ready'),
    ['--members=1', '--leave=0', '--member-ignore=TERM'],
    {
      escalation: [{ signal: 'SIGTERM', wait: 50 }],
    },
  );
  const [member] = completion.stdout.trim().split(' ').slice(1).map(Number);
  expect(isAlive(member!)).toBe(true);
  process.kill(member!, 'SIGKILL');
  expect(completion).toMatchObject({
    status: 'error',
    exit: { code: 0 },
    termination: { method: 'failed', survivors: [{ pid: member }] },
    error: { code: 'ERR_REAPWELL_SURVIVORS' },
  });
});
