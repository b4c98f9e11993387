/** What tells one process from every other that ever had its number. */
import { readFileSync } from 'node:fs';

export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks from boot to the process's start: field 22 of /proc/<pid>/stat; 0 if unreadable. */
  readonly startTicks: number;
  /** The kernel's random id of this boot. */
  readonly bootId: string;
  /** The pidfd's inode in pidfs: never used twice in a boot. 0 before Linux 6.9. */
  readonly inode: number;
}

let cachedBootId: string | undefined;

/** Empty where /proc can't be read. */
function bootId(): string {
  if (cachedBootId === undefined) {
    try {
      cachedBootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    } catch {
      cachedBootId = '';
    }
  }
  return cachedBootId;
}

export function identityOf(pid: number, startTicks: number, inode = 0): ProcessIdentity {
  return Object.freeze({ pid, startTicks, bootId: bootId(), inode });
}

/** Whether an identity's boot id is this boot's; an empty one says nothing and is not. */
export function isThisBoot(id: unknown): boolean {
  return typeof id === 'string' && id !== '' && id === bootId();
}
