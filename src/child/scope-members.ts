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
  lifetime: Lifetime<unknown>,
  pid: number,
  pgid: number,
  scope: Scope,
): ProcessInfo[] {
  // The leader is looked at afterwards: what was read was it only if it has not been reaped since.
  const exited = (): boolean => lifetime.poll().state === 'exited';
  const leader = (): ProcessInfo => processInfo(pid) ?? hidden(pid, pgid);
  if (scope === 'leader') {
    const seen = leader();
    return exited() ? [] : [seen];
  }
  const members = isWide(scope) ? membersOfWide(lifetime) : membersOfGroup(lifetime, pgid);
  if (members === undefined) return [];
  const listed = members.some((member) => member.pid === pid);
  return listed || exited() ? members : [leader(), ...members];
}

/** Undefined: it is empty. */
function membersOfWide(lifetime: Lifetime<unknown>): ProcessInfo[] | undefined {
  return lifetime.isEmpty ? undefined : wideMembers(lifetime.id);
}

function membersOfGroup(lifetime: Lifetime<unknown>, pgid: number): ProcessInfo[] | undefined {
  if (lifetime.groupEmpty) return undefined;
  const members = groupMembers(pgid);
  // The same for the group: while it still answers, its number is its own.
  return lifetime.groupExists() ? members : undefined;
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
