/**
 * What this kernel and this process allow, each found by trying it, none by version and none by
 * another: a filter (seccomp) can refuse any one of them. What is done without it: docs/kernels.md.
 */
import { probeCgroup, type CgroupCapability } from './cgroup-probe.js';
import { applyConfiguration } from './configure.js';
import { binding } from './native/binding.js';

export interface Capabilities {
  /**
   * Every process is held, watched, awaited and signalled by pidfd (Linux 5.4), and this process uses
   * that: `pidfdOpen`, `pidfdPoll`, `pidfdWait` and `pidfdSignal`. False if one of them is missing, though
   * the others are used. All that is said of pidfds is false where `configure({ pidfd: false })` (or
   * REAPWELL_PIDFD=off) does without them.
   */
  readonly pidfd: boolean;
  /** A child's pidfd comes with its pid (CLONE_PIDFD, Linux 5.2); else it is opened by number. */
  readonly pidfdFromClone: boolean;
  /** Processes that are not our children can be held by pidfd (pidfd_open, Linux 5.3); else by number. */
  readonly pidfdOpen: boolean;
  /** A pidfd rings when its process exits (Linux 5.3); else exits are heard of by SIGCHLD or looked for. */
  readonly pidfdPoll: boolean;
  /** Children are awaited by pidfd (waitid with P_PIDFD, Linux 5.4); else by number. */
  readonly pidfdWait: boolean;
  /** Processes are signalled by pidfd (pidfd_send_signal, Linux 5.1); else by number. */
  readonly pidfdSignal: boolean;
  /** A group can be signalled through its leader's pidfd, leader dead or not (Linux 6.9). */
  readonly pidfdGroupSignal: boolean;
  /** The kernel tells the exit status of a process that somebody else reaped (Linux 6.15). */
  readonly pidfdExitStatus: boolean;
  /** A pidfd's file handle says, after a crash of ours too, whether its process is gone (Linux 6.14). */
  readonly pidfdHandle: boolean;
  /** Foreign descriptors are kept from children by one call (Linux 5.9), not one by one. */
  readonly closeRange: boolean;
  /** Double-forked orphans can be made to come home to this process (Linux 3.4). */
  readonly subreaper: boolean;
  /** A child can be born in a cgroup (Linux 5.7); else it enters one just before its exec. */
  readonly cloneIntoCgroup: boolean;
  /** SIGCHLD can be read from a descriptor (Linux 2.6.27), without which it can't be claimed. */
  readonly signalfd: boolean;
  /** cgroup v2, with what a scope of its own needs. */
  readonly cgroup: CgroupCapability;
  /**
   * `'claimed'`: SIGCHLD is read from a signalfd and relayed. `'shared'`: it is left alone, because
   * of the configuration, because the claim failed (see `sigchldReason`), or because nothing has been
   * spawned yet: the claim is made at the first spawn.
   */
  readonly sigchld: 'claimed' | 'shared';
  /** Why SIGCHLD is not claimed; null when it is. */
  readonly sigchldReason: string | null;
  /** Children of this process that this library started and has not reaped yet. */
  readonly liveChildren: number;
}

const CLAIM_FAILURES: Readonly<Record<number, string>> = {
  1: '/proc/self/task can not be read',
  2: 'every real-time signal is in use',
  3: 'a thread blocks the signal that would reach it, or did not run in time',
  4: 'another copy of this library in this process has claimed it',
};

export function capabilities(): Capabilities {
  applyConfiguration();
  const found = binding.features();
  let reason: string | null = null;
  if (!found.claimed) {
    if (!found.wantsClaim) reason = 'configured to be shared';
    else if (!found.started) reason = 'nothing has been spawned yet';
    else reason = CLAIM_FAILURES[found.claimResult] ?? 'no signalfd could be made';
  }
  return {
    pidfd: found.pidfdOpen && found.pidfdPoll && found.pidfdWait && found.pidfdSignal,
    pidfdFromClone: found.pidfdFromClone,
    pidfdOpen: found.pidfdOpen,
    pidfdPoll: found.pidfdPoll,
    pidfdWait: found.pidfdWait,
    pidfdSignal: found.pidfdSignal,
    pidfdGroupSignal: found.pidfdGroupSignal,
    pidfdExitStatus: found.pidfdExitStatus,
    pidfdHandle: found.pidfdHandle,
    closeRange: found.closeRange,
    subreaper: found.subreaper,
    cloneIntoCgroup: found.cloneIntoCgroup,
    signalfd: found.signalfd,
    cgroup: probeCgroup(),
    sigchld: found.claimed ? 'claimed' : 'shared',
    sigchldReason: reason,
    liveChildren: found.liveChildren,
  };
}
