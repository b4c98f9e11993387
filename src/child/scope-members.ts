/** Who lives in a child's scope, and why a survivor does. */
import { isErrno } from '../errors/index.js';
import { identityOf } from '../identity.js';
import { binding } from '../native/binding.js';
import { isWide, type Scope } from '../options/scope.js';
import type { Survivor } from '../terminate/termination.js';
import type { Lifetime } from './lifetime.js';
import {
  groupMembers,
  processInfo,
  tracerOf,
  waitChannel,
  wideMembers,
  type ProcessInfo,
} from './members.js';

/** Throws NoProcError if the group's members can't be listed. */
export function scopeMembers(
  lifetime: Lifetime,
  pid: number,
  pgid: number,
  scope: Scope,
): ProcessInfo[] {
  if (scope === 'leader') {
    const leader = processInfo(pid);
    // Looked at afterwards: what was read was the leader only if it has not been reaped since.
    const exited = lifetime.poll().state === 'exited';
    return leader === undefined || exited ? [] : [leader];
  }
  if (isWide(scope)) return lifetime.isEmpty ? [] : wideMembers(lifetime.id);
  if (lifetime.groupEmpty) return [];
  const members = groupMembers(pgid);
  // The same for the group: while it still answers, its number is its own.
  if (!lifetime.groupExists()) return [];
  const listed = members.some((member) => member.pid === pid);
  return listed || lifetime.poll().state === 'exited' ? members : [hidden(pid, pgid), ...members];
}

// /proc can be mounted such that it hides other users' processes (hidepid, proc(5)): a leader that
// changed its user is alive, and is named with what we know of it.
function hidden(pid: number, pgid: number): ProcessInfo {
  const identity = identityOf(pid, 0);
  return { pid, ppid: process.pid, pgid, sid: 0, state: '?', command: '', identity };
}

export function explainSurvivor(member: ProcessInfo): Survivor {
  if (isErrno(binding.kill(member.pid, 0), 'EPERM')) return { ...member, reason: 'EPERM' };
  if (member.state === 'D') {
    const channel = waitChannel(member.pid);
    const told = channel === undefined ? {} : { waitChannel: channel };
    return { ...member, reason: 'uninterruptible', ...told };
  }
  if (member.state === 't' || tracerOf(member.pid) !== 0) return { ...member, reason: 'traced' };
  return { ...member, reason: 'alive' };
}
