/** Settings of the native threads, which this process shares among all its environments. */
import { AlreadyStartedError, systemError } from './errors/index.js';
import { binding } from './native/binding.js';
import { checkBoolean, checkOneOf, checkOptions } from './options/validate.js';

export interface Configuration {
  /**
   * `'claim'`: block SIGCHLD in every thread, read it from a signalfd and relay it to whichever
   * handler is installed. `'share'`: leave SIGCHLD alone; exits then come by pidfd alone, and stops
   * and continues are looked for every 50 ms while anybody listens.
   * @default the environment's REAPWELL_SIGCHLD, else 'claim'
   */
  readonly sigchld?: 'claim' | 'share' | undefined;
  /**
   * false: do without pidfds, as on Linux before 5.4.
   * @default the environment's REAPWELL_PIDFD ('off' for false), else true
   */
  readonly pidfd?: boolean | undefined;
  /**
   * true: orphaned descendants become children of this process (PR_SET_CHILD_SUBREAPER), and those of
   * children that are started from then on are reaped, however soon they end. These children carry a
   * mark, which their descendants inherit: a soft limit of RLIMIT_LOCKS (which Linux does not enforce)
   * between 2^61 and 2^62, unless `limits.locks` says otherwise. Of earlier children those orphans are
   * reaped that are proved by their session, by a group of ours, or by having been seen with a cookie of
   * ours. Children of others are never taken. Can be changed at any time.
   * @default false
   */
  readonly subreaper?: boolean | undefined;
}

const KEYS = new Set(['sigchld', 'pidfd', 'subreaper']);

let usePidfd = process.env.REAPWELL_PIDFD !== 'off';
let claim = process.env.REAPWELL_SIGCHLD !== 'share';
let applied = false;

/** Throws AlreadyStartedError after the first spawn of the process. */
export function configure(configuration: Configuration): void {
  const options = checkOptions(configuration, KEYS);
  const pidfd =
    options.pidfd === undefined ? usePidfd : checkBoolean('options.pidfd', options.pidfd);
  const sigchld =
    options.sigchld === undefined
      ? claim
      : checkOneOf('options.sigchld', options.sigchld, ['claim', 'share']) === 'claim';
  const subreaper =
    options.subreaper === undefined
      ? undefined
      : checkBoolean('options.subreaper', options.subreaper);
  if (options.pidfd !== undefined || options.sigchld !== undefined) {
    if (!binding.configure(pidfd, sigchld)) throw new AlreadyStartedError();
    usePidfd = pidfd;
    claim = sigchld;
    applied = true;
  }
  if (subreaper === undefined) return;
  const errno = binding.adoptOrphans(subreaper);
  if (errno < 0) throw systemError(errno, 'prctl');
}

/** Before a spawn: what the environment variables ask for, unless configure() was called. */
export function applyConfiguration(): void {
  if (applied) return;
  applied = true;
  // Refused when another environment of this process has started the threads: its word stands.
  binding.configure(usePidfd, claim);
}
