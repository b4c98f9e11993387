// What is stopped heeds no SIGTERM until it is continued: every scope ends it within the grace period.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { spawnSync } from 'node:child_process';
import { startReady } from '../children.js';
import { temporaryDirectory } from '../support/probe.js';
import { startProgram } from '../support/program.js';
import { isAlive, readStat } from '../support/proc.js';
import { waitFor } from '../support/wait-for.js';
import { describeScopes, everyScope, withMembers } from './columns.js';

const patient = { eofWait: 0, grace: 15_000 };

async function stop(...pids: number[]): Promise<void> {
  for (const pid of pids) process.kill(pid, 'SIGSTOP');
  await waitFor(() => pids.every((pid) => readStat(pid)?.state === 'T'));
}

describeScopes(everyScope, (scope) => {
  // A session's first group is orphaned: the kernel has it ignore the stops of a terminal.
  const jobControl = scope === 'session' ? [] : (['SIGTSTP', 'SIGTTIN'] as const);

  test.each(['SIGSTOP', ...jobControl] as const)('a leader, by %s', async (signal) => {
    const { child } = await startReady(['--exit-on=TERM:4'], { scope });
    process.kill(child.pid, signal);
    await waitFor(() => child.poll().state === 'stopped');
    // What a tool does that sends no SIGCONT: it stays pending.
    expect(child.kill('SIGTERM', scope)).toBe(true);
    expect(child.poll()).toEqual({ state: 'stopped', signal });
    expect(await child.terminate(patient)).toMatchObject({ method: 'sigterm', survivors: [] });
    expect(await child.exited).toMatchObject({ code: 4 });
  });
});

describeScopes(withMembers, (scope) => {
  const pick: [string, (leader: number, members: number[]) => number[]][] = [
    ['a member', (_, [first]) => [first!]],
    ['all members', (_, members) => members],
    ['all of them', (leader, members) => [leader, ...members]],
  ];

  test.each(pick)('%s', async (_, choose) => {
    const { child, members } = await startReady(['--members=3'], { scope });
    const stopped = choose(child.pid, members);
    await stop(...stopped);
    // Not to the leader if it runs: its end would have the kernel continue the others (SIGHUP).
    for (const pid of stopped) process.kill(pid, 'SIGTERM');
    expect(stopped.map((pid) => readStat(pid)?.state)).toEqual(stopped.map(() => 'T'));
    expect(await child.terminate(patient)).toMatchObject({ method: 'sigterm', survivors: [] });
    expect([child.pid, ...members].filter(isAlive)).toEqual([]);
  });

  test('the members of a leader that has left', async () => {
    const { child, members } = await startReady(['--members=3', '--leave=0'], { scope });
    await child.exited;
    await stop(...members);
    expect(await child.terminate(patient)).toMatchObject({ method: 'sigterm', survivors: [] });
    expect(members.filter(isAlive)).toEqual([]);
  });
});

interface Seen {
  stopped: boolean;
  sent: boolean;
  stillStopped: boolean;
  method: string;
  signal: string;
}

// Under a terminal of its own, which script(1) makes: the groups of our children are in its background,
// and the kernel stops one that reads it (SIGTTIN). Its output is the terminal's, so it writes a file.
const reader = `
  import { writeFileSync } from 'node:fs';
  import { spawn } from 'reapwell';
  import { until } from '../../support/inside.mjs';
  const [scope, out] = process.argv.slice(2);
  const child = await spawn('/bin/cat', ['/dev/tty'], { stdio: 'ignore', scope });
  const isStopped = () => child.poll().state === 'stopped' && child.poll().signal === 'SIGTTIN';
  const stopped = await until(isStopped);
  const sent = child.kill('SIGTERM', scope);
  const stillStopped = isStopped();
  const { method } = await child.terminate({ grace: 15000 });
  const { signal } = await child.exited;
  writeFileSync(out, JSON.stringify({ stopped, sent, stillStopped, method, signal }));
`;

const hasScript = spawnSync('script', ['--version']).status === 0;

// A session of its own would have no terminal to read.
describeScopes(
  everyScope.filter((scope) => scope !== 'session'),
  (scope) => {
    test.skipIf(!hasScript)('a background reader of the terminal (needs script(1))', async () => {
      const out = `${temporaryDirectory()}/seen.json`;
      const program = startProgram(reader, {
        args: [scope, out],
        under: ['sh', '-c', 'exec script -qec "$(printf "%s " "$@")" /dev/null', 'sh'],
      });
      await program.ended;
      expect(JSON.parse(readFileSync(out, 'utf8')) as Seen).toEqual({
        stopped: true,
        sent: true,
        stillStopped: true,
        method: 'sigterm',
        signal: 'SIGTERM',
      });
    });
  },
);
