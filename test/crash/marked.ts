// Processes that carry a mark among their arguments, found by the tests' own look into /proc.
import { readdirSync, readFileSync } from 'node:fs';
import { isAlive } from '../support/proc.js';

/** Live processes with `mark` in their command line, or whose environment has it. */
export function markedProcesses(mark: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((name) => ['cmdline', 'environ'].some((file) => holds(`/proc/${name}/${file}`, mark)))
    .map(Number)
    .filter(isAlive);
}

function holds(path: string, mark: string): boolean {
  try {
    return readFileSync(path, 'latin1').includes(mark);
  } catch {
    return false;
  }
}

/** For cleaning up: nothing that a test marked outlives it. */
export function endMarked(mark: string): void {
  for (const pid of markedProcesses(mark)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has ended by itself.
    }
  }
}
