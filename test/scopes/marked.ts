// Jobs that are told by a mark in their environment: found wherever they have escaped to, by nobody's
// word but that of /proc.
import { readFileSync } from 'node:fs';
import { onTestFinished } from 'vitest';
import { spawn, type Child, type Scope, type SpawnOptions } from '../../src/index.js';
import { allProcesses, type Stat } from '../support/proc.js';

let made = 0;

/** Unlike any other of this machine. */
export function makeMark(): string {
  made++;
  return `MARK=${process.pid}-${process.hrtime.bigint().toString(36)}-${made}`;
}

function hasMark(pid: number, mark: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0').includes(mark);
  } catch {
    return false;
  }
}

/** Everybody alive who carries the mark. A zombie has no environment left. */
export function marked(mark: string): Stat[] {
  return allProcesses().filter(({ pid }) => hasMark(pid, mark));
}

/** Ends everybody who carries the mark. */
export function killMarked(mark: string): void {
  // Those who fork all the time are not all seen at the first look.
  for (let left = marked(mark), look = 0; left.length > 0 && look < 50; look++) {
    for (const { pid } of left) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It has ended by itself.
      }
    }
    left = marked(mark);
  }
}

export interface MarkedJob {
  child: Child;
  mark: string;
  live: () => Stat[];
}

/** Starts a job of that scope; whatever of it lives when the test ends is killed. */
export async function startMarked(
  file: string,
  args: string[],
  scope: Scope | Scope[],
  options: SpawnOptions<Child> = {},
): Promise<MarkedJob> {
  const mark = makeMark();
  onTestFinished(() => killMarked(mark));
  const [name, value] = mark.split('=') as [string, string];
  const child = await spawn(file, args, {
    stdio: ['pipe', 'pipe', 'ignore'],
    scope,
    ...options,
    env: { ...process.env, ...options.env, [name]: value },
  });
  child.stdout?.resume();
  return { child, mark, live: () => marked(mark) };
}
