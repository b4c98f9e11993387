// Leaders that leave the group that they were started to lead; see test/fixtures/leaves-group.cc.
import { expect, onTestFinished } from 'vitest';
import type { Child, Process, SpawnOptions } from '../../src/index.js';
import { start, startReady } from '../children.js';
import { fixture } from '../support/fixture.js';
import { readStat } from '../support/proc.js';
import { waitFor } from '../support/wait-for.js';

export interface Leaver {
  child: Child;
  members: number[];
  /** Sends it away, where it was told to wait for that. */
  leave: () => Promise<void>;
}

export async function startLeaver(
  args: string[],
  options: SpawnOptions<Child> = {},
): Promise<Leaver> {
  const child = await start(fixture('leaves-group'), args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    ...options,
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let said = '';
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => (said += chunk));
  const lines = () => said.split('\n').slice(0, -1);
  const ready = await waitFor(() => lines().find((line) => line.startsWith('ready')));
  expect(lines()).not.toContain('refused');
  const members = ready.split(' ').slice(1).map(Number);
  onTestFinished(() => {
    for (const pid of members) {
      if (readStat(pid)?.command === 'leaves-group') process.kill(pid, 'SIGKILL');
    }
  });
  const leave = async () => {
    child.kill('SIGUSR2');
    await waitFor(() => lines().includes('gone'), { what: 'its leaving' });
  };
  return { child, members, leave };
}

/** In our own group: whoever signals that signals this one. */
export const startBystander = () => startReady([], { group: 'inherit' });
export const sorted = (pids: number[]) => [...pids].sort((a, b) => a - b);
export const pidsOf = (process: Process) => sorted(process.members().map(({ pid }) => pid));
