/** Proofs that a number still is the process that was recorded. */
import { closeSync, fstatSync } from 'node:fs';

import { processInfo } from '../child/members.js';
import { binding } from '../native/binding.js';
import type { ListedProcess } from './left.js';
import type { RunningLine } from './records.js';

/** Undefined: there is no such process, or no pidfd to be had. */
function inodeOf(pid: number): number | undefined {
  const fd = binding.pidfdOpen(pid, 0);
  if (fd < 0) return undefined;
  try {
    return fstatSync(fd).ino;
  } finally {
    closeSync(fd);
  }
}

/** `'there'`: alive, or a zombie, so that nobody else can have its number. */
export type LeaderState = 'gone' | 'there' | 'unknown';

export function lookAtLeader({ identity, handle }: RunningLine): LeaderState {
  const found = handle === '' ? -1 : binding.lookAtHandle(handle);
  if (found === 0) return 'gone';
  if (identity.inode === 0) return 'unknown';
  const inode = inodeOf(identity.pid);
  if (inode === undefined) return 'unknown';
  if (inode !== identity.inode) return 'gone';
  return 'there';
}

/**
 * The number is another process's by now. The kernel gives it to nobody while a member of the group or
 * session of that number lives, so those that have it now are not ours.
 */
export function isReused({ identity }: RunningLine, leader: LeaderState): boolean {
  const now = processInfo(identity.pid);
  if (now === undefined || leader === 'there') return false;
  return leader === 'gone' || now.identity.startTicks !== identity.startTicks;
}

/** Whether somebody who was listed has not moved to where the listing's proof no longer holds. */
export function isUnmoved({ pid, ppid, pgid, sid, identity }: ListedProcess): boolean {
  const now = processInfo(pid);
  return (
    now?.identity.startTicks === identity.startTicks &&
    now.pgid === pgid &&
    now.sid === sid &&
    now.ppid === ppid
  );
}
