/** What this kernel and this process allow, each found by trying it, none by version. */
import { probeCgroup, type CgroupCapability } from './cgroup-probe.js';
import { applyConfiguration } from './configure.js';
import { binding } from './native/binding.js';

export interface Capabilities {
  /** Children are held, awaited and signalled by pidfd (Linux 5.4), and this process uses that. */
  readonly pidfd: boolean;
  /** A group can be signalled through its leader's pidfd, leader dead or not (Linux 6.9). */
  readonly pidfdGroupSignal: boolean;
  /** The kernel tells the exit status of a process that somebody else reaped (Linux 6.15). */
  readonly pidfdExitStatus: boolean;
  /** Foreign descriptors are kept from children by one call (Linux 5.9), not one by one. */
  readonly closeRange: boolean;
  /** Double-forked orphans can be made to come home to this process (Linux 3.4). */
  readonly subreaper: boolean;
  /** A child can be born in a cgroup (Linux 5.7); else it enters one just before its exec. */
  readonly cloneIntoCgroup: boolean;
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
    pidfd: found.usesPidfd,
    pidfdGroupSignal: found.usesPidfd && found.pidfdGroupSignal,
    pidfdExitStatus: found.usesPidfd && found.pidfdExitStatus,
    closeRange: found.closeRange,
    subreaper: found.subreaper,
    cloneIntoCgroup: found.cloneIntoCgroup,
    cgroup: probeCgroup(),
    sigchld: found.claimed ? 'claimed' : 'shared',
    sigchldReason: reason,
    liveChildren: found.liveChildren,
  };
}
