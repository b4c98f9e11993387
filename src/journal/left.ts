/** Who is left of a recorded child: a pure reading of one listing of all processes. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { ProcessInfo } from '../child/members.js';
import { binding } from '../native/binding.js';
import type { RecordState } from './fold.js';

export interface ListedProcess extends ProcessInfo {
  /** Cookies in its environment, oldest first; null: unreadable; undefined: no environment at all. */
  readonly cookies: readonly string[] | null | undefined;
}

export interface Left {
  /** The very process that was started, if it lives. */
  readonly leader: ProcessInfo | undefined;
  /** Its scope's live members, the leader included. */
  readonly members: readonly ProcessInfo[];
  /** The leader's group is its own, and still it. */
  readonly group: boolean;
}

const NOBODY: Left = { leader: undefined, members: [], group: false };

function withDescendants(
  listing: readonly ListedProcess[],
  roots: readonly ListedProcess[],
): ListedProcess[] {
  const pids = new Set(roots.map(({ pid }) => pid));
  for (let grown = -1; grown !== pids.size;) {
    grown = pids.size;
    for (const { pid, ppid } of listing) if (pids.has(ppid)) pids.add(pid);
  }
  return listing.filter(({ pid }) => pids.has(pid));
}

/** Of a cgroup and those below it. None if it is gone. */
function cgroupPids(path: string): Set<number> {
  const pids = new Set<number>();
  try {
    for (const line of readFileSync(join(path, 'cgroup.procs'), 'utf8').split('\n')) {
      if (line !== '') pids.add(Number(line));
    }
    for (const entry of readdirSync(path, { withFileTypes: true })) {
      if (!entry.isDirectory()) continue;
      for (const pid of cgroupPids(join(path, entry.name))) pids.add(pid);
    }
  } catch {
    // Removed meanwhile: nobody can be in it.
  }
  return pids;
}

/**
 * A number is believed only with a proof that it is still the same: the leader by its identity, a group
 * or session by a member that carries the cookie (while any member lives, the kernel gives the group's
 * number to nobody else), anybody else by the cookie or by descent from one who has it.
 */
export function whoIsLeft(state: RecordState, listing: readonly ListedProcess[]): Left {
  const { starting, running } = state;
  const { key } = starting;
  const name = binding.birthName(key);
  const carriers = listing.filter(
    (one) => one.cookies?.includes(key) === true || one.command === name,
  );
  if (running === undefined) return whoCarries(state, listing, carriers);
  const { identity, handle, pgid, scope } = running;
  const gone = handle !== '' && binding.lookAtHandle(handle) === 0;
  const leader = gone
    ? undefined
    : listing.find(
        ({ pid, identity: { startTicks } }) =>
          pid === identity.pid && startTicks === identity.startTicks,
      );
  const leads = pgid === identity.pid;
  const isProven = (one: ListedProcess): boolean => one === leader || carriers.includes(one);
  const proves = (kind: 'pgid' | 'sid', number: number): boolean =>
    leads && listing.some((one) => one[kind] === number && isProven(one));
  const groupIsOurs = proves('pgid', pgid);
  const inGroup = (one: ListedProcess): boolean => groupIsOurs && one.pgid === pgid;
  const sessionIsOurs = proves('sid', identity.pid);
  const inSession = (one: ListedProcess): boolean => sessionIsOurs && one.sid === identity.pid;
  const isLeader = (one: ListedProcess): boolean => one === leader;
  const found = (members: readonly ListedProcess[]): Left => ({
    leader,
    members,
    group: groupIsOurs && leader?.pgid === pgid && leads,
  });
  switch (scope) {
    case 'leader':
      return found(listing.filter(isLeader));
    case 'group':
      // In a group that it only joined, the child alone was ours.
      return found(listing.filter((one) => isLeader(one) || inGroup(one)));
    case 'session':
      return found(listing.filter((one) => isLeader(one) || inGroup(one) || inSession(one)));
    case 'tree':
      return found(
        withDescendants(
          listing,
          listing.filter((one) => isProven(one) || inGroup(one) || inSession(one)),
        ),
      );
    case 'cgroup': {
      const pids = starting.cgroup === undefined ? new Set() : cgroupPids(starting.cgroup);
      return found(listing.filter((one) => isLeader(one) || pids.has(one.pid)));
    }
  }
}

// The crash came before the identity was recorded: whoever has the cookie is the child, or its.
function whoCarries(
  { starting }: RecordState,
  listing: readonly ListedProcess[],
  carriers: readonly ListedProcess[],
): Left {
  const first = [...carriers].sort(
    (a, b) => a.identity.startTicks - b.identity.startTicks || a.pid - b.pid,
  )[0];
  if (first === undefined) return NOBODY;
  const leads = first.pgid === first.pid;
  const members =
    starting.scope === 'leader'
      ? [first]
      : withDescendants(listing, carriers).concat(
          leads ? listing.filter((one) => one.pgid === first.pid) : [],
        );
  return {
    leader: first,
    members: [...new Set(members)],
    group: leads && starting.scope !== 'leader',
  };
}
