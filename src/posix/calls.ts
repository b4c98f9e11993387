/**
 * The raw calls: synchronous, each a single system call on this thread, exact. Nothing here protects
 * anybody: `waitpid(-1)` takes the statuses of node:child_process's children, `kill(-1)` signals
 * everybody, and a call without WNOHANG blocks the event loop.
 *
 * Errors are thrown in the shape of `process.kill`'s: message 'waitpid ECHILD', `code`, negative
 * `errno`, `syscall`.
 */
import { invalidValue, systemError } from '../errors/index.js';
import { binding, toNumbers } from '../native/binding.js';
import { JOURNAL_KEYS } from '../options/journal.js';
import { SPAWN_KEYS, type SpawnOptions } from '../options/spawn-options.js';
import { isPipe } from '../options/stdio.js';
import { checkBoolean, checkInteger, checkOptions } from '../options/validate.js';
import { signalNumber, type Signal } from '../signals.js';
import { spawnFailure } from '../spawn/failure.js';
import { planSpawn } from '../spawn/plan.js';
import { Lending } from '../stdio/lending.js';

const MIN_INT = -0x8000_0000;
const MAX_INT = 0x7fff_ffff;
const MAX_UINT = 0xffff_ffff;

const integer = (name: string, value: unknown): number =>
  checkInteger(name, value, MIN_INT, MAX_INT);

/** A signal, or 0 to only ask. */
const signalOrZero = (signal: unknown): number => (signal === 0 ? 0 : signalNumber(signal));

function done(result: number, syscall: string): number {
  if (result < 0) throw systemError(result, syscall);
  return result;
}

export interface WaitpidResult {
  /** 0 for "nothing yet" (only with WNOHANG). */
  readonly pid: number;
  /** For the status macros. */
  readonly status: number;
}

/** waitpid(2). */
export function waitpid(pid: number, options = 0): WaitpidResult {
  const out = new Int32Array(1);
  const found = binding.waitpid(integer('pid', pid), integer('options', options), out);
  return { pid: done(found, 'waitpid'), status: out[0] ?? 0 };
}

/** The fields of siginfo_t that waitid(2) fills; all 0 for "nothing yet" (only with WNOHANG). */
export interface WaitidResult {
  readonly pid: number;
  readonly uid: number;
  readonly signo: number;
  /** The exit code, or the signal. */
  readonly status: number;
  /** CLD_EXITED 1, CLD_KILLED 2, CLD_DUMPED 3, CLD_TRAPPED 4, CLD_STOPPED 5, CLD_CONTINUED 6. */
  readonly code: number;
}

/** waitid(2). `id` is a pid, a pgid or a descriptor, according to `idtype`. */
export function waitid(idtype: number, id: number, options: number): WaitidResult {
  const out = new Int32Array(5);
  const result = binding.waitid(
    integer('idtype', idtype),
    checkInteger('id', id, 0, MAX_UINT),
    integer('options', options),
    out,
  );
  done(result, 'waitid');
  const [pid = 0, uid = 0, signo = 0, status = 0, code = 0] = out;
  return { pid, uid: uid >>> 0, signo, status, code };
}

/** kill(2): a process, or with a pid below 1 what kill(2) says of those. */
export function kill(pid: number, signal: Signal = 'SIGTERM'): void {
  done(binding.kill(integer('pid', pid), signalOrZero(signal)), 'kill');
}

/** killpg(3): a whole group. A negative `pgid` is EINVAL, not a way to name the group of a pid. */
export function killpg(pgid: number, signal: Signal = 'SIGTERM'): void {
  done(binding.killpg(integer('pgid', pgid), signalOrZero(signal)), 'killpg');
}

/** setpgid(2). 0 stands for this process, and for `pid`. EACCES for a child that has exec'd. */
export function setpgid(pid: number, pgid: number): void {
  done(binding.setpgid(integer('pid', pid), integer('pgid', pgid)), 'setpgid');
}

/** getpgid(2). 0 is this process. */
export function getpgid(pid: number): number {
  return done(binding.getpgid(integer('pid', pid)), 'getpgid');
}

/** getsid(2). 0 is this process. */
export function getsid(pid: number): number {
  return done(binding.getsid(integer('pid', pid)), 'getsid');
}

/** pidfd_open(2), Linux 5.3. The caller closes the descriptor (`fs.closeSync`). */
export function pidfdOpen(pid: number, flags = 0): number {
  const checked = checkInteger('flags', flags, 0, MAX_UINT);
  return done(binding.pidfdOpen(integer('pid', pid), checked), 'pidfd_open');
}

/** pidfd_send_signal(2), Linux 5.1. Flag 4 is PIDFD_SIGNAL_PROCESS_GROUP, Linux 6.9. */
export function pidfdSendSignal(pidfd: number, signal: Signal, flags = 0): void {
  const checked = checkInteger('flags', flags, 0, MAX_UINT);
  done(
    binding.pidfdSendSignal(integer('pidfd', pidfd), signalOrZero(signal), checked),
    'pidfd_send_signal',
  );
}

/** PR_SET_CHILD_SUBREAPER: orphaned descendants become this process's children (prctl(2)). */
export function setChildSubreaper(on: boolean): void {
  done(binding.setChildSubreaper(checkBoolean('on', on)), 'prctl');
}

/** What `posixSpawn` takes: whatever happens in the child before its exec. */
export type PosixSpawnOptions = Pick<
  SpawnOptions,
  | 'cwd'
  | 'env'
  | 'argv0'
  | 'shebang'
  | 'stdio'
  | 'session'
  | 'parentDeathSignal'
  | 'uid'
  | 'gid'
  | 'groups'
  | 'umask'
  | 'nice'
  | 'oomScoreAdj'
  | 'noNewPrivileges'
  | 'limits'
> & {
  /** As for `spawn`; any pgid of this session can be joined. @default 'new' */
  readonly group?: 'new' | 'inherit' | number | undefined;
};

const NOT_HERE: ReadonlySet<string> = new Set([
  'signal',
  'timeout',
  'scope',
  'eofWait',
  'grace',
  'killWait',
  'escalation',
  'cgroup',
  'onExit',
  ...JOURNAL_KEYS,
]);
const POSIX_SPAWN_KEYS: ReadonlySet<string> = new Set(
  SPAWN_KEYS.filter((key) => !NOT_HERE.has(key)),
);

/**
 * Starts a program and returns its pid. Nobody but the caller reaps it: call `waitpid` for that pid.
 * Blocks this thread until the exec; standard streams are inherited, ignored or descriptors (pipes
 * have streams, and those are `spawn`'s). The parent-death signal follows this thread.
 */
export function posixSpawn(
  file: string,
  args?: readonly string[],
  options?: PosixSpawnOptions,
): number {
  const checked = checkOptions(options, POSIX_SPAWN_KEYS);
  const plan = planSpawn(file, args, checked, 'inherit');
  if (plan.stdio.some(isPipe)) {
    throw invalidValue('options.stdio', "must not contain 'pipe'", checked.stdio);
  }
  const [attempt] = plan.attempts;
  if (attempt === undefined) throw new Error('a plan without an attempt');
  const step = new Int32Array(1);
  const lending = new Lending(plan.stdio);
  const pid = binding.posixSpawn(
    plan.file,
    plan.argv,
    attempt.env,
    plan.cwd,
    plan.files,
    plan.cgroup,
    toNumbers(lending.numbers, attempt.numbers),
    step,
  );
  lending.letGo();
  lending.settle(pid >= 0);
  if (pid < 0) throw spawnFailure(plan, step[0] ?? 0, pid);
  return pid;
}
