/** Turns a failed spawn's step and errno into the error that the caller gets. */
import { ScopeUnavailableError, SpawnKilledError, systemError } from '../errors/index.js';
import type { SpawnPlan } from './plan.js';

/** Values of SpawnStep in native/core/child_half.h. */
export const STEP_CLONE = 2;
export const STEP_STDIO = 5;
const STEP_CGROUP = 18;
const STEP_FILE = 19;
const STEP_CWD = 10;
const STEP_EXEC = 16;
const STEP_KILLED = 17;
const STEP_CGROUP_LIMIT = 20;

/** The call that failed, where it is not the spawn as a whole. */
const SYSCALLS: ReadonlyMap<number, string> = new Map([
  [1, 'pipe2'],
  [3, 'setpgid'],
  [4, 'setsid'],
  [STEP_STDIO, 'dup2'],
  [6, 'umask'],
  [7, 'setpriority'],
  [8, 'setrlimit'],
  [9, 'oom_score_adj'],
  [STEP_CWD, 'chdir'],
  [11, 'setgroups'],
  [12, 'setgid'],
  [13, 'setuid'],
  [14, 'no_new_privs'],
  [15, 'pdeathsig'],
  [STEP_FILE, 'open'],
]);

/** What the kernel means when it refuses to switch on a controller (cgroup.subtree_control). */
const LIMIT_REFUSALS: Readonly<Record<string, string>> = {
  ENOENT: 'a controller is not available there',
  EBUSY: 'that cgroup holds processes itself; name another cgroup.parent',
};

/** What to do about it, where the code alone does not say. */
const EXEC_ADVICE: Readonly<Record<string, string>> = {
  ENOEXEC:
    ": the kernel does not know its format; begin a script with '#!', e.g. #!/bin/sh, or have it run " +
    "by /bin/sh with the option shebang: 'sh'",
};

type FailedPlan = Pick<SpawnPlan, 'file' | 'spawnargs' | 'cwd' | 'cgroupParent' | 'cgroupLimits'>;

/** The next scope of the list may be had. */
function isScopeFailure(step: number): boolean {
  return step === STEP_CGROUP || step === STEP_CGROUP_LIMIT;
}

function cgroupFailure(plan: FailedPlan, step: number, errno: number): Error {
  const path = plan.cgroupParent ?? '';
  if (step === STEP_CGROUP) return systemError(errno, 'cgroup', { path });
  const limits = plan.cgroupLimits.join(', ');
  const error = systemError(errno, `cgroup ${limits}`, { path });
  error.message += ` in ${path}: ${LIMIT_REFUSALS[error.code] ?? 'refused'}`;
  return error;
}

/** `errno` is negative; for a killed child it is the negative signal. */
export function spawnFailure(plan: FailedPlan, step: number, errno: number): Error {
  if (isScopeFailure(step)) {
    return new ScopeUnavailableError('cgroup', plan.file, cgroupFailure(plan, step, errno));
  }
  if (step === STEP_KILLED) return new SpawnKilledError(plan.file, -errno);
  const spawnargs = plan.spawnargs.slice(1);
  const syscall = SYSCALLS.get(step);
  if (syscall === undefined || step === STEP_EXEC) {
    const error = systemError(errno, `spawn ${plan.file}`, { path: plan.file, spawnargs });
    if (step === STEP_EXEC) error.message += EXEC_ADVICE[error.code] ?? '';
    return error;
  }
  const path = step === STEP_CWD ? (plan.cwd ?? plan.file) : plan.file;
  const error = systemError(errno, syscall, { path, spawnargs });
  error.message += ` (spawn ${plan.file}${step === STEP_CWD ? `, cwd ${path}` : ''})`;
  return error;
}
