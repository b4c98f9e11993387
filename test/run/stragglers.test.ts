// The leader has ended by itself. What becomes of those that it left, and of the pipes they hold.
import { describe, expect, onTestFinished, test } from 'vitest';
import { run } from '../../src/index.js';
import { fixture } from '../support/fixture.js';
import { isAlive } from '../support/proc.js';
import { waitFor } from '../support/wait-for.js';

const ready = fixture('ready');

const membersOf = (stdout: string) => stdout.trimEnd().split(' ').slice(1).map(Number);

function killLater(pids: number[]): void {
  onTestFinished(() => {
    for (const pid of pids.filter(isAlive)) process.kill(pid, 'SIGKILL');
  });
}

describe('stragglers', () => {
  test("'terminate', the default, ends them, and keeps the leader's result", async () => {
    const completion = await run(ready, ['--members=3', '--leave=0']);
    expect(completion).toMatchObject({
      status: 'completed',
      exit: { code: 0 },
      termination: { method: 'sigterm', survivors: [] },
    });
    const members = membersOf(completion.stdout);
    expect(members).toHaveLength(3);
    expect(members.filter(isAlive)).toEqual([]);
  });

  test('are ended by force if they ignore SIGTERM', async () => {
    const completion = await run(ready, ['--members=2', '--leave=5', '--member-ignore=TERM'], {
      grace: 50,
    });
    expect(completion).toMatchObject({
      status: 'failed',
      exit: { code: 5 },
      termination: { method: 'sigkill', survivors: [] },
    });
    expect(membersOf(completion.stdout).filter(isAlive)).toEqual([]);
  });

  test("'leave' lets them live", async () => {
    const completion = await run(ready, ['--members=2', '--leave=0'], { stragglers: 'leave' });
    const members = membersOf(completion.stdout);
    killLater(members);
    expect(completion).toMatchObject({
      status: 'completed',
      termination: { method: 'natural' },
    });
    expect(members.filter(isAlive)).toEqual(members);
  });

  test('there are none: the termination is natural', async () => {
    expect(await run('/bin/true')).toMatchObject({ termination: { method: 'natural' } });
  });

  test('that can not be ended make it an error', async () => {
    const completion = await run(ready, ['--members=1', '--leave=0', '--member-ignore=TERM'], {
      escalation: [{ signal: 'SIGTERM', wait: 50 }],
    });
    const [member] = membersOf(completion.stdout);
    killLater([member!]);
    expect(completion).toMatchObject({
      status: 'error',
      exit: { code: 0 },
      termination: { method: 'failed', survivors: [{ pid: member, reason: 'alive' }] },
      error: { code: 'ERR_REAPWELL_SURVIVORS' },
    });
  });
});

describe('a pipe that somebody else holds', () => {
  // A session of its own: it is in no scope of ours, and keeps both outputs open.
  const escaped = ['--members=1', '--member-session', '--hold', '--leave=0'];

  test('does not hang the result', async () => {
    const completion = await run(ready, escaped, { drainIdle: 50 });
    const [member] = membersOf(completion.stdout);
    killLater([member!]);
    expect(completion).toMatchObject({ status: 'completed', exit: { code: 0 } });
    expect(isAlive(member!)).toBe(true);
  });

  test('does not hang it either where stragglers are left', async () => {
    const completion = await run(ready, ['--members=1', '--hold', '--leave=0'], {
      stragglers: 'leave',
      drainIdle: 50,
    });
    const members = membersOf(completion.stdout);
    killLater(members);
    expect(completion).toMatchObject({ status: 'completed', exit: { code: 0 } });
    expect(members.filter(isAlive)).toEqual(members);
  });

  test('is read on as long as it is not silent for drainIdle', async () => {
    const writing = 'for i in 1 2 3 4 5 6; do echo $i; sleep 0.1; done';
    const completion = await run(
      '/bin/sh',
      ['-c', `setsid sh -c '${writing}' & sleep 0.3; exit 0`],
      {
        // The writer has left the group by the time that the leader ends.
        drainIdle: 400,
      },
    );
    expect(completion).toMatchObject({ status: 'completed', stdout: '1\n2\n3\n4\n5\n6\n' });
  });

  test('is closed on our side afterwards', async () => {
    const writing = 'echo ready $$; while echo x; do sleep 0.05; done';
    const completion = await run(
      '/bin/sh',
      ['-c', `setsid sh -c '${writing}' & sleep 0.3; exit 0`],
      {
        drainIdle: 20,
      },
    );
    const writer = Number(/ready (\d+)/.exec(completion.stdout)?.[1]);
    killLater([writer]);
    // SIGPIPE, or a failing echo.
    await waitFor(() => !isAlive(writer), { what: 'the end of a writer without a reader' });
  });
});
