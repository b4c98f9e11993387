/** Starts a program and hands out its `Child`. */
import { Child } from '../child/child.js';
import { ScopeUnavailableError } from '../errors/index.js';
import { identityOf } from '../identity.js';
import { binding } from '../native/binding.js';
import { SPAWN_KEYS, type SpawnOptions } from '../options/spawn-options.js';
import { StdioKind, type StdioPlan } from '../options/stdio.js';
import { checkOptions } from '../options/validate.js';
import { PipeStream, type PipeDirection } from '../stdio/pipe-stream.js';
import { publishSpawned, publishSpawnFailed } from '../telemetry/publish.js';
import { planSpawn, type SpawnPlan } from './plan.js';
import { start, type Adopted, type Started } from './start.js';

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
  return spawnPlanned(planSpawn(file, args, checked, 'pipe'));
}

/**
 * Starts what has been planned, with whichever of its scopes can be had first. `run`: which run it is
 * for, as telemetry counts them.
 */
export async function spawnPlanned(plan: SpawnPlan, run?: number): Promise<Child> {
  const calledAt = performance.now();
  const adopt = (took: SpawnPlan, started: Started): Adopted<Child> => {
    const child = new Child({
      id: started.id,
      identity: identityOf(started.pid, started.startTicks, started.inode),
      pgid: groupOf(took, started),
      hasGroup: took.hasGroup,
      attached: false,
      scope: took.scope,
      escalation: took.escalation,
      stdio: openStreams(took.stdio, started.descriptors),
      onExit: took.onExit ?? 'leave',
      signal: took.signal,
      timeout: took.timeout - (performance.now() - calledAt),
    });
    return { owner: child, sink: Child.sinkOf(child) };
  };
  for (let attempt = plan; ;) {
    try {
      const child = await start(attempt, (started) => adopt(attempt, started));
      // Here rather than where it was adopted: in the caller's async context, and before its exit.
      publishSpawned(attempt, child, run, calledAt);
      return child;
    } catch (error) {
      if (!(error instanceof ScopeUnavailableError) || attempt.fallback === undefined) {
        publishSpawnFailed(attempt, error as Error, run, calledAt);
        throw error;
      }
      attempt = attempt.fallback;
    }
  }
}

function groupOf(plan: SpawnPlan, started: Started): number {
  if (plan.leadsGroup) return started.pid;
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
