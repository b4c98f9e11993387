/** What a signal, a sweep or an escalation covers. */
import { invalidValue } from '../errors/index.js';
import {
  checkInteger,
  checkList,
  checkOneOf,
  checkOptions,
  checkText,
  isArray,
} from './validate.js';

/**
 * - `leader`: the started process alone.
 * - `group`: its process group. A process that calls setsid or setpgid leaves it.
 * - `session`: every group of its session; a job-control shell gives each job a group of its own.
 * - `tree`: group, session, descendants, and whoever carries the environment cookie that is added for
 *   this scope (`REAPWELL_COOKIE`): double-forked and disowned processes too, unless they clear their
 *   environment.
 * - `cgroup`: a cgroup v2 of its own, entered at birth. Nothing can leave it without privilege.
 */
export type Scope = 'leader' | 'group' | 'session' | 'tree' | 'cgroup';

/** In the order of ScopeKind in native/core/scope_kind.h. */
export const SCOPES: readonly Scope[] = ['leader', 'group', 'session', 'tree', 'cgroup'];

export const isWide = (scope: Scope): boolean => SCOPES.indexOf(scope) > SCOPES.indexOf('group');

/** For scope 'cgroup'. A limit needs its controller to be available in the parent cgroup. */
export interface CgroupOptions {
  /** The folder to make it in. @default the cgroup that this process is in */
  readonly parent?: string | undefined;
  /** memory.max, bytes. Going over it ends processes of the cgroup; see `oomKilled`. */
  readonly memoryMax?: number | undefined;
  /** pids.max: forking beyond it fails with EAGAIN. */
  readonly pidsMax?: number | undefined;
  /** cpu.max, in CPUs: 0.5 is half of one. */
  readonly cpuMax?: number | undefined;
}

export interface CgroupPlan {
  readonly parent: string | undefined;
  /** File name and value, alternating. */
  readonly settings: readonly string[];
}

const CGROUP_KEYS: ReadonlySet<string> = new Set(['parent', 'memoryMax', 'pidsMax', 'cpuMax']);
const CPU_PERIOD_US = 100_000;

/** One scope, or several of which the first that can be had is taken. */
export function checkScopes(value: unknown, fallback: Scope): Scope[] {
  if (value === undefined) return [fallback];
  if (!isArray(value)) return [checkOneOf('options.scope', value, SCOPES)];
  const scopes = checkList('options.scope', value, 'scopes', (name, scope) =>
    checkOneOf(name, scope, SCOPES),
  );
  if (scopes.length === 0) throw invalidValue('options.scope', 'must not be empty', value);
  return scopes;
}

export function planCgroup(value: unknown): CgroupPlan {
  if (value === undefined) return { parent: undefined, settings: [] };
  const options = checkOptions(value, CGROUP_KEYS, 'options.cgroup');
  const settings: string[] = [];
  const limit = (key: 'memoryMax' | 'pidsMax', file: string): void => {
    if (options[key] === undefined) return;
    const number = checkInteger(`options.cgroup.${key}`, options[key], 1, Number.MAX_SAFE_INTEGER);
    settings.push(file, String(number));
  };
  limit('memoryMax', 'memory.max');
  limit('pidsMax', 'pids.max');
  if (options.cpuMax !== undefined) {
    const cpus = options.cpuMax;
    if (typeof cpus !== 'number' || !(cpus > 0) || cpus === Infinity) {
      throw invalidValue('options.cgroup.cpuMax', 'must be a number of CPUs above 0', cpus);
    }
    settings.push(
      'cpu.max',
      `${Math.max(1000, Math.round(cpus * CPU_PERIOD_US))} ${CPU_PERIOD_US}`,
    );
  }
  const parent =
    options.parent === undefined ? undefined : checkText('options.cgroup.parent', options.parent);
  return { parent, settings };
}
