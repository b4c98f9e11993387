/**
 * Turns a program, its arguments and its options into what the addon takes: everything validated, so
 * that bad input throws before anything has started.
 */
import { resolve } from 'node:path';

import { ownCgroup } from '../cgroup-probe.js';
import { makeCookie } from '../cookie.js';
import { invalidValue } from '../errors/index.js';
import { planEnd, type EndPlan, type OnExit } from '../options/end.js';
import { chooseEscalation, type EscalationChoice } from '../options/escalation.js';
import { planLimits } from '../options/limits.js';
import { planCwd } from '../options/cwd.js';
import {
  checkScopes,
  isWide,
  planCgroup,
  SCOPES,
  type CgroupPlan,
  type Scope,
} from '../options/scope.js';
import { planStdio, type StdioOption, type StdioPlan } from '../options/stdio.js';
import {
  checkAbortSignal,
  checkBoolean,
  checkInteger,
  checkList,
  checkOneOf,
  checkText,
} from '../options/validate.js';
import { addCookie, captureEnvironment, planEnvironment, type Variables } from './environment.js';
import { planTracking, type TrackingPlan } from './tracking.js';

/** Values of GroupMode in native/core/spawn_request.h. */
enum GroupMode {
  New = 0,
  Inherit = 1,
  Join = 2,
  Session = 3,
}

export interface SpawnAttempt {
  readonly scope: Scope;
  /** undefined: that of this process. */
  readonly env: string | Uint8Array | undefined;
  readonly numbers: readonly number[];
}

export interface SpawnPlan {
  readonly file: string;
  /** argv[0] and the arguments, as Node's `spawnargs`. */
  readonly spawnargs: string[];
  readonly argv: string;
  readonly cwd: string | undefined;
  readonly stdio: readonly StdioPlan[];
  /** Paths of the stdio entries that are files, as the addon takes them. */
  readonly files: string;
  /** What to start with: the next one if the scope of the one before can't be had. Never empty. */
  readonly attempts: readonly SpawnAttempt[];
  /** Where the cgroup is made, and its settings, as the addon takes them. */
  readonly cgroup: string;
  readonly cgroupParent: string | undefined;
  /** Its folder below that one. */
  readonly cgroupName: string;
  /** '' where nothing needs one. */
  readonly cookie: string;
  readonly tracking: TrackingPlan | undefined;
  /** The files that its limits are written to: 'memory.max', ... */
  readonly cgroupLimits: readonly string[];
  readonly escalation: EscalationChoice<never>;
  /** The child is in a group that this library created... */
  readonly hasGroup: boolean;
  /** ...and that group is its own, not one that it joins. */
  readonly leadsGroup: boolean;
  /** The pgid of the group that it joins. */
  readonly joinsGroup: number | undefined;
  readonly signal: AbortSignal | undefined;
  readonly timeout: number;
}

const MAX_ID = 0xffff_fffe; // (uid_t)-1 means "unchanged"
const MAX_PID = 0x7fff_ffff;

// The kernel takes 6 MiB of arguments and environment together, and less of a single one (execve(2)).
const MOST_TEXT = 2 ** 27;

/** Strings as the addon takes them: each followed by NUL. */
function block(strings: readonly string[]): string {
  let text = '';
  for (const each of strings) {
    // The rest would change nothing: it is E2BIG already. All of it may be more than a string can hold.
    if (text.length > MOST_TEXT) break;
    text += `${each}\0`;
  }
  return text;
}

function environmentBlock({ entries, areBytes }: Variables): string | Uint8Array {
  return areBytes ? Buffer.from(block(entries), 'latin1') : block(entries);
}

function planArguments(args: unknown): string[] {
  return args === undefined ? [] : checkList('args', args, 'strings', checkText);
}

interface GroupPlan {
  readonly mode: GroupMode;
  readonly pgid: number;
}

/** A session's scope is a session of its own; nobody else's is ever signalled. */
function planGroup(options: Record<string, unknown>, scopes: readonly Scope[]): GroupPlan {
  const { group } = options;
  const session =
    options.session === undefined
      ? scopes.includes('session')
      : checkBoolean('options.session', options.session);
  if (!session && scopes.includes('session')) {
    throw invalidValue('options.session', "must be true with scope: 'session'", options.session);
  }
  if (session) {
    if (group !== undefined && group !== 'new') {
      throw invalidValue('options.group', "must be 'new' with a session", group);
    }
    return { mode: GroupMode.Session, pgid: 0 };
  }
  if (group === undefined) return { mode: GroupMode.New, pgid: 0 };
  if (typeof group === 'number') {
    return { mode: GroupMode.Join, pgid: checkInteger('options.group', group, 2, MAX_PID) };
  }
  const mode = checkOneOf('options.group', group, ['new', 'inherit']);
  return { mode: mode === 'new' ? GroupMode.New : GroupMode.Inherit, pgid: 0 };
}

function checkScopeFits(scope: Scope, mode: GroupMode): void {
  if (scope !== 'leader' && mode === GroupMode.Inherit) {
    throw invalidValue('options.scope', "must be 'leader' with group: 'inherit'", scope);
  }
  if (isWide(scope) && mode === GroupMode.Join) {
    throw invalidValue('options.scope', "must be 'leader' or 'group' in a joined group", scope);
  }
}

function planGroups(option: unknown): number[] | undefined {
  if (option === undefined) return undefined;
  return checkList('options.groups', option, 'numbers', (name, id) =>
    checkInteger(name, id, 0, MAX_ID),
  );
}

/** An integer in a range, or what stands for "as ours". */
function optional(
  options: Record<string, unknown>,
  key: string,
  min: number,
  max: number,
  absent: number,
): number {
  const value = options[key];
  return value === undefined ? absent : checkInteger(`options.${key}`, value, min, max);
}

/** In the order that native/bind/decode_request.cc reads, behind what a Lending says and the scope. */
function planNumbers(options: Record<string, unknown>, group: GroupPlan, end: EndPlan): number[] {
  const groups = planGroups(options.groups);
  const limits = planLimits(options.limits);
  const noNewPrivileges =
    options.noNewPrivileges !== undefined &&
    checkBoolean('options.noNewPrivileges', options.noNewPrivileges);
  const shebang =
    options.shebang === undefined
      ? undefined
      : checkOneOf('options.shebang', options.shebang, ['sh']);
  const numbers = [
    group.mode,
    group.pgid,
    end.parentDeathSignal,
    Number(end.onExit === 'terminate'),
    optional(options, 'uid', 0, MAX_ID, -1),
    optional(options, 'gid', 0, MAX_ID, -1),
    optional(options, 'umask', 0, 0o777, -1),
    optional(options, 'nice', -20, 19, NaN),
    optional(options, 'oomScoreAdj', -1000, 1000, NaN),
    Number(noNewPrivileges),
    Number(shebang === 'sh'),
    Number(groups !== undefined),
    groups?.length ?? 0,
  ];
  if (groups !== undefined) numbers.push(...groups);
  numbers.push(limits.length);
  for (const limit of limits) numbers.push(...limit);
  return numbers;
}

/** `onExitUntold`: see planEnd. `options` has passed checkOptions. */
export function planSpawn(
  file: unknown,
  args: unknown,
  options: Record<string, unknown>,
  defaultStdio: StdioOption,
  onExitUntold: OnExit = 'leave',
): SpawnPlan {
  const program = checkText('file', file);
  if (program === '') throw invalidValue('file', 'must not be empty', file);
  const argv0 = options.argv0 === undefined ? program : checkText('options.argv0', options.argv0);
  const spawnargs = [argv0, ...planArguments(args)];
  const scopes = checkScopes(options.scope, options.group === 'inherit' ? 'leader' : 'group');
  const group = planGroup(options, scopes);
  for (const scope of scopes) checkScopeFits(scope, group.mode);
  const stdio = planStdio(options.stdio, defaultStdio);
  const cgroup = planCgroup(options.cgroup);
  const end = planEnd(options, onExitUntold);
  const tracking = planTracking(options);
  const marked = tracking !== undefined || scopes.includes('tree') || scopes.includes('cgroup');
  const cookie = marked ? makeCookie() : '';
  const cgroupName = `reapwell-${cookie}`;
  const parent = scopes.includes('cgroup')
    ? (absolute(cgroup.parent) ?? ownCgroup() ?? undefined)
    : undefined;
  const given = planEnvironment(options.env);
  // Without a cookie the addon reads ours itself, in the call as well.
  const someCookie = tracking !== undefined || scopes.includes('tree');
  const captured = someCookie ? (given ?? captureEnvironment()) : given;
  const numbers = planNumbers(options, group, end);
  const attempts = scopes.map((scope): SpawnAttempt => {
    const withCookie = scope === 'tree' || tracking !== undefined;
    const env = captured && withCookie ? addCookie(captured, cookie) : captured;
    return {
      scope,
      env: env && environmentBlock(env),
      numbers: [SCOPES.indexOf(scope), ...numbers],
    };
  });
  return {
    file: program,
    spawnargs,
    argv: block(spawnargs),
    cwd: planCwd(options.cwd),
    stdio,
    files: planFiles(stdio),
    cgroup: scopes.includes('cgroup') ? planCgroupBlock(parent, cgroupName, cgroup) : '',
    cgroupParent: parent,
    cgroupName,
    cookie,
    tracking,
    attempts,
    cgroupLimits: cgroup.settings.filter((_, index) => index % 2 === 0),
    hasGroup: group.mode !== GroupMode.Inherit,
    leadsGroup: group.mode === GroupMode.New || group.mode === GroupMode.Session,
    joinsGroup: group.mode === GroupMode.Join ? group.pgid : undefined,
    escalation: chooseEscalation<never>(options),
    signal:
      options.signal === undefined ? undefined : checkAbortSignal('options.signal', options.signal),
    timeout: end.timeout,
  };
}

// It is made later, when our working directory may be another.
const absolute = (path: string | undefined): string | undefined => path && resolve(path);

function planFiles(stdio: readonly StdioPlan[]): string {
  let files = '';
  for (const { path } of stdio) if (path !== undefined) files += `${path}\0`;
  return files;
}

function planCgroupBlock(parent: string | undefined, name: string, plan: CgroupPlan): string {
  // Without a parent there is no cgroup v2; the folder that does not exist says so to the addon.
  return block([parent ?? '/sys/fs/cgroup/none', name, ...plan.settings]);
}
