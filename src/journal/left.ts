/** Who is left of a recorded child: a pure reading of one listing of all processes. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { ProcessInfo } from '../child/members.js';
import { binding } from '../native/binding.js';
import type { RecordState } from './fold.js';
import { isReused, lookAtLeader } from './proof.js';
import type { RunningLine } from './records.js';

export interface ListedProcess extends ProcessInfo {
  /** Cookies in its environment, oldest first; null: unreadable; undefined: no environment at all. */
  readonly cookies: readonly string[] | null | undefined;
}

export interface Left {
  /** The very process that was started, if it lives. */
  readonly leader: ListedProcess | undefined;
  /** Its scope's live members, the leader included. */
  readonly members: readonly ListedProcess[];
  /**
   * They have the number of its group or session, its leader is gone, and nothing tells whether they are
   * its or came after it. Never signalled, and never taken for nobody.
   */
  readonly unproven: readonly ListedProcess[];
  /** The leader's group is its own, and still it. */
  readonly group: boolean;
}

export const NOBODY: Left = { leader: undefined, members: [], unproven: [], group: false };

/** As it is shown: whose cookies it carries is nobody's business. */
export function infoOf({ cookies: _, ...info }: ListedProcess): ProcessInfo {
  return info;
}

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
 * A number is believed only with a proof that it is still the same: the leader by its identity; a group
 * or session by its leader, zombie or not, or by a member that is proven otherwise (while any member
 * lives, the kernel gives the group's number to nobody else); anybody else by the cookie, by descent from
 * one who has it, or because we have held it since it was proven (`isHeld`).
 */
export function whoIsLeft(
  state: RecordState,
  listing: readonly ListedProcess[],
  isHeld: (one: ListedProcess) => boolean = () => false,
): Left {
  const { starting, running } = state;
  const { key } = starting;
  const name = binding.birthName(key);
  const carriers = listing.filter(
    (one) => one.cookies?.includes(key) === true || one.command === name || isHeld(one),
  );
  if (running === undefined) return whoCarries(state, listing, carriers);
  const { identity, pgid, scope } = running;
  const leaderState = lookAtLeader(running);
  const leader =
    leaderState === 'gone'
      ? undefined
      : listing.find(
          ({ pid, identity: { startTicks } }) =>
            pid === identity.pid && startTicks === identity.startTicks,
        );
  const leads = pgid === identity.pid;
  const isProven = (one: ListedProcess): boolean => one === leader || carriers.includes(one);
  const proves = (kind: 'pgid' | 'sid', number: number): boolean =>
    leads &&
    (leaderState === 'there' || listing.some((one) => one[kind] === number && isProven(one)));
  const groupIsOurs = proves('pgid', pgid);
  const inGroup = (one: ListedProcess): boolean => groupIsOurs && one.pgid === pgid;
  const sessionIsOurs = proves('sid', identity.pid);
  const inSession = (one: ListedProcess): boolean => sessionIsOurs && one.sid === identity.pid;
  const isLeader = (one: ListedProcess): boolean => one === leader;
  const found = (members: readonly ListedProcess[]): Left => ({
    leader,
    members,
    unproven:
      leads && (scope === 'group' || scope === 'session' || scope === 'tree')
        ? unprovenOf(running, listing, members, scope !== 'group', () =>
            isReused(running, leaderState),
          )
        : [],
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

function unprovenOf(
  { pgid }: RunningLine,
  listing: readonly ListedProcess[],
  members: readonly ListedProcess[],
  sessionToo: boolean,
  reused: () => boolean,
): readonly ListedProcess[] {
  const others = listing.filter(
    (one) => (one.pgid === pgid || (sessionToo && one.sid === pgid)) && !members.includes(one),
  );
  return others.length === 0 || reused() ? [] : others;
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
    unproven: [],
    group: leads && starting.scope !== 'leader',
  };
}
