/** Starts a program and hands out its `Child`. */
import type { AsyncResource } from 'node:async_hooks';
import { join } from 'node:path';

import { now } from '../clock.js';
import { Child } from '../child/child.js';
import { ScopeUnavailableError, withAwaiters } from '../errors/index.js';
import { identityOf } from '../identity.js';
import { binding } from '../native/binding.js';
import type { Scope } from '../options/scope.js';
import { SPAWN_KEYS, type SpawnOptions } from '../options/spawn-options.js';
import { StdioKind, type StdioPlan } from '../options/stdio.js';
import { checkOptions } from '../options/validate.js';
import { Lending } from '../stdio/lending.js';
import type { PipeDirection } from '../stdio/pipe-stream.js';
import { Pipe } from '../stdio/pipe.js';
import { publishSpawned, publishSpawnFailed } from '../telemetry/publish.js';
import { planSpawn, type SpawnPlan } from './plan.js';
import { beginStart, refuseStart, type StartCall } from './start-call.js';
import { Starting, type Adopted, type Started } from './start.js';
import { failedToStart, recordAtEnd, type Tracked, type TrackingPlan } from './tracking.js';

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
export function spawn(
  file: string,
  args?: readonly string[],
  options?: SpawnOptions<Child>,
): Promise<Child> {
  let plan: SpawnPlan;
  try {
    plan = planSpawn(file, args, checkOptions(options, KEYS), 'pipe');
  } catch (error) {
    return Promise.reject(error);
  }
  return startPlanned(plan, recordAtEnd);
}

/** What is done with the record of a child that a journal tracks, once it has started. */
type Track = (child: Child, tracked: Tracked, calledAt: number) => void;

/**
 * Starts what has been planned, recorded first if it is to be. Takes what the call names before it
 * returns. `run`: which run it is for, as telemetry counts them.
 */
export async function startPlanned(plan: SpawnPlan, track: Track, run?: number): Promise<Child> {
  const calledAt = now();
  const call = beginStart(plan.file);
  let lending: Lending | undefined;
  let starts: Starting<Child>[] = [];
  let tracked: Tracked | undefined;
  let child: Child | undefined;
  try {
    if (call === undefined) return await refuseStart(plan.file);
    lending = new Lending(plan.stdio);
    starts = prepare(plan, lending, (scope, started) =>
      adopt(plan, scope, started, calledAt, tracked),
    );
    if (plan.tracking !== undefined) tracked = await beginRecord(plan, plan.tracking);
    child = await startFirst(starts, call);
    // Here rather than where it was adopted: in the caller's async context, and before its exit.
    publishSpawned(plan, child, run, calledAt);
    if (tracked !== undefined) track(child, tracked, calledAt);
    return child;
  } catch (thrown) {
    const error = withAwaiters(thrown);
    await tracked?.ended(failedToStart(error as Error, now() - calledAt), true);
    publishSpawnFailed(plan, error as Error, run, calledAt);
    throw error;
  } finally {
    for (const start of starts) start.drop();
    lending?.settle(child !== undefined);
    call?.over();
  }
}

function beginRecord(plan: SpawnPlan, tracking: TrackingPlan): Promise<Tracked | undefined> {
  const { cgroupParent } = plan;
  return tracking.tracker.begin({
    cookie: plan.cookie,
    id: tracking.id,
    meta: tracking.meta,
    file: plan.file,
    args: plan.spawnargs.slice(1),
    scope: plan.attempts[0]?.scope ?? 'group',
    cgroup: cgroupParent === undefined ? undefined : join(cgroupParent, plan.cgroupName),
  });
}

/** One start for each scope that may have to do: later ones are to have what was there in the call, too. */
function prepare(
  plan: SpawnPlan,
  lending: Lending,
  adoptAs: (scope: Scope, started: Started) => Adopted<Child>,
): Starting<Child>[] {
  const starts: Starting<Child>[] = [];
  try {
    for (const attempt of plan.attempts) {
      const start = (started: Started): Adopted<Child> => adoptAs(attempt.scope, started);
      starts.push(new Starting(plan, attempt, lending, start));
    }
    return starts;
  } catch (error) {
    for (const start of starts) start.drop();
    throw error;
  } finally {
    lending.letGo();
  }
}

/** With whichever of its scopes can be had first, from the one at `index` on. */
function startFirst(
  starts: readonly Starting<Child>[],
  call: StartCall,
  index = 0,
): Promise<Child> {
  call.check();
  const start = starts[index];
  if (start === undefined) throw new Error('a plan without an attempt');
  const starting = start.submit();
  call.attempts((error) => start.cancel(error));
  if (index + 1 === starts.length) return starting;
  return starting.catch((error: unknown) => {
    if (!(error instanceof ScopeUnavailableError)) throw error;
    return startFirst(starts, call, index + 1);
  });
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
    context: spawned.context,
    identity: identityOf(spawned.pid, spawned.startTicks, spawned.inode),
    pgid: groupOf(plan, spawned.pid),
    hasGroup: plan.hasGroup,
    attached: false,
    scope,
    escalation: plan.escalation,
    pipes: openPipes(plan.stdio, descriptors, spawned.context),
    onRelease: tracked === undefined ? undefined : () => tracked.released(),
    signal: plan.signal,
    timeout: plan.timeout === Infinity ? Infinity : plan.timeout - (now() - calledAt),
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

const NO_PIPES: readonly null[] = Object.freeze([null, null, null]);

/** A pipe, or none, for each descriptor of the child. */
function openPipes(
  stdio: readonly StdioPlan[],
  descriptors: readonly number[],
  context: AsyncResource,
): readonly (Pipe | null)[] {
  if (descriptors.length === 0 && stdio.length === NO_PIPES.length) return NO_PIPES;
  let next = 0;
  return stdio.map(({ kind }) => {
    const direction = DIRECTIONS[kind];
    const fd = direction === undefined ? undefined : descriptors[next++];
    return direction === undefined || fd === undefined ? null : new Pipe(fd, direction, context);
  });
}
