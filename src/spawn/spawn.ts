/** Starts a program and hands out its `Child`. */
import { join } from 'node:path';

import { Child } from '../child/child.js';
import { ScopeUnavailableError } from '../errors/index.js';
import { identityOf } from '../identity.js';
import { binding } from '../native/binding.js';
import type { Scope } from '../options/scope.js';
import { SPAWN_KEYS, type SpawnOptions } from '../options/spawn-options.js';
import { StdioKind, type StdioPlan } from '../options/stdio.js';
import { checkOptions } from '../options/validate.js';
import { PipeStream, type PipeDirection } from '../stdio/pipe-stream.js';
import { publishSpawned, publishSpawnFailed } from '../telemetry/publish.js';
import { planSpawn, type SpawnPlan } from './plan.js';
import { start, type Adopted, type Started } from './start.js';
import { failedToStart, recordAtEnd, type Tracked } from './tracking.js';

const KEYS: ReadonlySet<string> = new Set(SPAWN_KEYS);

/**
 * Starts `file` off the event loop. Resolves once the program has been exec'd and its identity is
 * held.
 *
 * Rejects with a TypeError or RangeError for bad input, before anything has started; with a system
 * error in the shape of Node's own (`code`, `errno`, `syscall`, `path`, `spawnargs`) when the program
 * could not be started; with an AbortError or a TimeoutError when `signal` or `timeout` came first. In
 * each case no child, no zombie and no descriptor is left.
 *
 * There is no `shell` option: say `spawn('/bin/sh', ['-c', …])`.
 */
export async function spawn(
  file: string,
  args?: readonly string[],
  options?: SpawnOptions<Child>,
): Promise<Child> {
  const checked = checkOptions(options, KEYS);
  const plan = planSpawn(file, args, checked, 'pipe');
  const startedAt = performance.now();
  const { child, tracked } = await startTracked(plan);
  if (tracked !== undefined) recordAtEnd(child, tracked, startedAt);
  return child;
}

export interface StartedChild {
  readonly child: Child;
  /** Its record in a journal; whoever started it says how it ended. */
  readonly tracked: Tracked | undefined;
}

/**
 * Starts what has been planned, recorded first if it is to be. `run`: which run it is for, as telemetry
 * counts them.
 */
export async function startTracked(plan: SpawnPlan, run?: number): Promise<StartedChild> {
  const calledAt = performance.now();
  let tracked: Tracked | undefined;
  try {
    tracked = await beginRecord(plan);
    const child = await startPlanned(plan, calledAt, tracked);
    // Here rather than where it was adopted: in the caller's async context, and before its exit.
    publishSpawned(plan, child, run, calledAt);
    return { child, tracked };
  } catch (error) {
    await tracked?.ended(failedToStart(error as Error, performance.now() - calledAt), true);
    publishSpawnFailed(plan, error as Error, run, calledAt);
    throw error;
  }
}

async function beginRecord(plan: SpawnPlan): Promise<Tracked | undefined> {
  const { tracking, cgroupParent } = plan;
  return tracking?.tracker.begin({
    cookie: plan.cookie,
    id: tracking.id,
    meta: tracking.meta,
    file: plan.file,
    args: plan.spawnargs.slice(1),
    scope: plan.attempts[0]?.scope ?? 'group',
    cgroup: cgroupParent === undefined ? undefined : join(cgroupParent, plan.cgroupName),
  });
}

/** With whichever of its scopes can be had first. */
async function startPlanned(
  plan: SpawnPlan,
  calledAt: number,
  tracked: Tracked | undefined,
): Promise<Child> {
  for (const [index, attempt] of plan.attempts.entries()) {
    try {
      return await start(plan, attempt, (started) =>
        adopt(plan, attempt.scope, started, calledAt, tracked),
      );
    } catch (error) {
      const more = error instanceof ScopeUnavailableError && index + 1 < plan.attempts.length;
      if (!more) throw error;
    }
  }
  throw new Error('a plan without an attempt');
}

function adopt(
  plan: SpawnPlan,
  scope: Scope,
  { id, spawned, descriptors }: Started,
  calledAt: number,
  tracked: Tracked | undefined,
): Adopted<Child> {
  const child = new Child({
    id,
    identity: identityOf(spawned.pid, spawned.startTicks, spawned.inode),
    pgid: groupOf(plan, spawned.pid),
    hasGroup: plan.hasGroup,
    attached: false,
    scope,
    escalation: plan.escalation,
    stdio: openStreams(plan.stdio, descriptors),
    onExit: plan.onExit,
    onRelease: tracked === undefined ? undefined : () => tracked.released(),
    signal: plan.signal,
    timeout: plan.timeout - (performance.now() - calledAt),
  });
  tracked?.started({
    identity: child.identity,
    handle: binding.processHandle(id),
    pgid: child.pgid,
    scope,
  });
  return { owner: child, sink: Child.sinkOf(child) };
}

function groupOf(plan: SpawnPlan, pid: number): number {
  if (plan.leadsGroup) return pid;
  return plan.joinsGroup ?? binding.getpgid(0);
}

const DIRECTIONS: Partial<Record<StdioKind, PipeDirection>> = {
  [StdioKind.PipeToChild]: 'write',
  [StdioKind.PipeFromChild]: 'read',
  [StdioKind.SocketPair]: 'both',
};

/** A stream, or none, for each descriptor of the child; takes over `descriptors`. */
function openStreams(
  stdio: readonly StdioPlan[],
  descriptors: readonly number[],
): (PipeStream | null)[] {
  let next = 0;
  return stdio.map(({ kind }) => {
    const direction = DIRECTIONS[kind];
    const fd = direction === undefined ? undefined : descriptors[next++];
    return direction === undefined || fd === undefined ? null : new PipeStream(fd, direction);
  });
}
