/** What `spawn` takes. Times are milliseconds; signals are named as in Node. */
import type { Signal } from '../signals.js';
import type { OnExit } from './end.js';
import { ESCALATION_KEYS, type EscalationOptions } from './escalation.js';
import { JOURNAL_KEYS, type JournalOptions } from './journal.js';
import type { Limits } from './limits.js';
import type { CgroupOptions, Scope } from './scope.js';
import type { StdioOption } from './stdio.js';

/** A value of an environment variable; all but undefined, which leaves it out, become strings. */
export type EnvironmentValue = string | number | bigint | boolean | null | undefined;

export interface SpawnOptions<Target = unknown> extends EscalationOptions<Target>, JournalOptions {
  /** Working directory. A missing one rejects with `syscall: 'chdir'`. @default ours at the call */
  readonly cwd?: string | URL | undefined;
  /**
   * The environment. As Node does it, inherited entries count (`Object.create(process.env)`), values
   * that are no strings are made strings, and entries that are undefined are left out. A value that is
   * not UTF-8 arrives byte for byte, for as long as it reads as it did when this process was started,
   * also through a copy (`{ ...process.env }`). A program name without a slash is searched in this
   * environment's PATH, by execvp(3)'s rules. A TypeError: a symbol, a NUL, half of a surrogate pair, a
   * name that is empty or contains "=". @default process.env, as it is in the call
   */
  readonly env?: Readonly<Record<string, EnvironmentValue>> | undefined;
  /** What the program sees as its own name. @default the file */
  readonly argv0?: string | undefined;
  /**
   * What becomes of a file that has no format that the kernel knows, as a script without `#!`. By
   * default it is refused (ENOEXEC); `'sh'`: /bin/sh runs it, as execvp(3) would have it:
   * `/bin/sh path args…`. Whatever it is: a damaged program as well. @default undefined: refused
   */
  readonly shebang?: 'sh' | undefined;
  /** Standard streams and extra descriptors, in Node's forms. @default 'pipe' */
  readonly stdio?: StdioOption | undefined;
  /**
   * The process group: one of its own, ours, or the pgid of a group that this library created (a dead
   * one rejects with ESRCH). Signals reach groups of the first and third kind only. @default 'new'
   */
  readonly group?: 'new' | 'inherit' | number | undefined;
  /** Start a new session (setsid(2)); the child leads its group too. @default false */
  readonly session?: boolean | undefined;
  /**
   * What the escalation and `empty` cover. A list names what to fall back to where one can't be had
   * (a cgroup that can't be made); `child.scope` says what was got. 'session', 'tree' and 'cgroup' need
   * a group of the child's own. @default 'group', or 'leader' with group: 'inherit'
   */
  readonly scope?: Scope | readonly Scope[] | undefined;
  /** Where the cgroup of scope 'cgroup' is made, and its limits. */
  readonly cgroup?: CgroupOptions | undefined;
  /**
   * What becomes of the scope when this process ends by itself (its end, `process.exit`, an uncaught
   * exception), or the worker that started it does: `'terminate'` kills it at once, since nothing can be
   * waited for then; `'leave'` leaves it, and nobody is there any more for its `timeout` and `signal`.
   * `release()` is `'leave'` from then on. A process that is killed runs nothing: `parentDeathSignal` is
   * for that, and by default it says the same. @default 'terminate'; for spawn with
   * `parentDeathSignal: null`, 'leave'
   */
  readonly onExit?: OnExit | undefined;
  /**
   * What the kernel sends the child, and it alone of its scope, when this process dies, however it dies
   * (PR_SET_PDEATHSIG, prctl(2)); a worker's end is not that. Cleared when the child executes a
   * set-user-ID program, and can't be taken back. null: nothing. A signal together with `onExit: 'leave'`
   * tells the child of our end, and leaves it to the child. @default 'SIGTERM'; with `onExit: 'leave'`,
   * null
   */
  readonly parentDeathSignal?: Signal | null | undefined;
  /**
   * Run as this user. Needs privilege, else EPERM before the exec; set `gid` too, which stays ours
   * otherwise. Our supplementary groups are dropped, unless `groups` names some. @default ours
   */
  readonly uid?: number | undefined;
  /** Run as this group; our supplementary groups are dropped, as with `uid`. @default ours */
  readonly gid?: number | undefined;
  /**
   * Supplementary groups, in place of ours. @default none with `uid` or `gid`, where we may drop them
   * (who stays the user that we are need not: setgroups(2) takes privilege); else ours
   */
  readonly groups?: readonly number[] | undefined;
  /** File mode creation mask, 0 to 0o777. @default ours at the call */
  readonly umask?: number | undefined;
  /** Nice value, -20 to 19; lower ones need privilege (EACCES). @default ours */
  readonly nice?: number | undefined;
  /** -1000 (never) to 1000 (first) for the kernel's out-of-memory killer. @default ours */
  readonly oomScoreAdj?: number | undefined;
  /** No set-user-ID program below can raise privileges (PR_SET_NO_NEW_PRIVS). @default false */
  readonly noNewPrivileges?: boolean | undefined;
  /** Resource limits, e.g. `{ nofile: 1024, core: [0, Infinity] }`. @default ours at the call */
  readonly limits?: Limits | undefined;
  /** Starts the escalation when it fires; before the child has started, nothing is left of it. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Milliseconds from the call until the escalation starts. 0 is none, as in node:child_process: what is
   * left of a budget of yours is `Math.max(1, left)`. @default Infinity
   */
  readonly timeout?: number | undefined;
}

export const SPAWN_KEYS: readonly string[] = [
  ...ESCALATION_KEYS,
  ...JOURNAL_KEYS,
  ...['cwd', 'env', 'argv0', 'shebang', 'stdio', 'group', 'session', 'scope', 'parentDeathSignal'],
  ...['uid', 'gid', 'groups', 'umask', 'nice', 'oomScoreAdj', 'noNewPrivileges', 'limits'],
  ...['signal', 'timeout', 'cgroup', 'onExit'],
];
