/** Who lives in a child's scope, and why a survivor does. */
import { NoProcError, isErrno } from '../errors/index.js';
import type { ProcessIdentity } from '../identity.js';
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

/** Whose scope it is; `Process` has it. */
export interface Leader {
  readonly pid: number;
  readonly pgid: number;
  readonly identity: ProcessIdentity;
  readonly scope: Scope;
}

/** The leader is a member while it lives, whatever group it is in. Throws NoProcError. */
export function scopeMembers(lifetime: Lifetime<unknown>, leader: Leader): ProcessInfo[] {
  const members = listMembers(lifetime, leader);
  const isListed = members.some(({ pid }) => pid === leader.pid);
  const seen = isListed ? undefined : (processInfo(leader.pid) ?? unseen(leader));
  // It is looked at afterwards: what was read was it only if it has not been reaped since.
  if (seen === undefined || lifetime.poll().state === 'exited') return members;
  return [seen, ...members];
}

/** The leader may be missing. */
function listMembers(lifetime: Lifetime<unknown>, { pgid, scope }: Leader): ProcessInfo[] {
  if (scope === 'leader') return [];
  if (isWide(scope)) return lifetime.isEmpty ? [] : wideMembers(lifetime.id);
  if (lifetime.groupEmpty) return [];
  const members = groupMembers(pgid);
  // While it still answers, its number is its own.
  return lifetime.groupExists() ? members : [];
}

const UNSEEN = '?';

// As far as it is known without /proc.
function unseen({ pid, pgid, identity }: Leader): ProcessInfo {
  return { pid, ppid: 0, pgid, sid: 0, state: UNSEEN, command: '', identity };
}

/** As members of the scope, but nobody where they can't be listed. */
export function scopeSurvivors(lifetime: Lifetime<unknown>, leader: Leader): Survivor[] {
  try {
    return scopeMembers(lifetime, leader).map(explainSurvivor);
  } catch (error) {
    if (error instanceof NoProcError) return [];
    throw error;
  }
}

/** Stands for somebody of the scope whom nothing shows; see `Survivor`. */
export function unlistedSurvivor(leader: Leader): Survivor {
  return { ...unseen(leader), reason: 'hidden' };
}

export function explainSurvivor(member: ProcessInfo): Survivor {
  if (isErrno(binding.kill(member.pid, 0), 'EPERM')) return { ...member, reason: 'EPERM' };
  if (member.state === UNSEEN) return { ...member, reason: 'hidden' };
  if (member.state === 'D') {
    const channel = waitChannel(member.pid);
    const told = channel === undefined ? {} : { waitChannel: channel };
    return { ...member, reason: 'uninterruptible', ...told };
  }
  if (member.state === 't' || tracerOf(member.pid) !== 0) return { ...member, reason: 'traced' };
  return { ...member, reason: 'alive' };
}
