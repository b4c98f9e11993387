/** Turns a failed spawn's step and errno into the error that the caller gets. */
import { ScopeUnavailableError, SpawnKilledError, systemError } from '../errors/index.js';
import type { SpawnPlan } from './plan.js';

/** Values of SpawnStep in native/core/child_half.h. */
export const STEP_CLONE = 2;
const STEP_CGROUP = 18;
const STEP_FILE = 19;
const STEP_CWD = 10;
const STEP_EXEC = 16;
const STEP_KILLED = 17;

/** The call that failed, where it is not the spawn as a whole. */
const SYSCALLS: ReadonlyMap<number, string> = new Map([
  [1, 'pipe2'],
  [3, 'setpgid'],
  [4, 'setsid'],
  [5, 'dup2'],
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

type FailedPlan = Pick<SpawnPlan, 'file' | 'spawnargs' | 'cwd' | 'cgroupParent'>;

/** `errno` is negative; for a killed child it is the negative signal. */
export function spawnFailure(plan: FailedPlan, step: number, errno: number): Error {
  if (step === STEP_CGROUP) {
    const cause = systemError(errno, 'cgroup', { path: plan.cgroupParent ?? '' });
    return new ScopeUnavailableError('cgroup', plan.file, cause);
  }
  if (step === STEP_KILLED) return new SpawnKilledError(plan.file, -errno);
  const spawnargs = plan.spawnargs.slice(1);
  const syscall = SYSCALLS.get(step);
  if (syscall === undefined || step === STEP_EXEC) {
    return systemError(errno, `spawn ${plan.file}`, { path: plan.file, spawnargs });
  }
  const path = step === STEP_CWD ? (plan.cwd ?? plan.file) : plan.file;
  const error = systemError(errno, syscall, { path, spawnargs });
  error.message += ` (spawn ${plan.file}${step === STEP_CWD ? `, cwd ${path}` : ''})`;
  return error;
}
