/**
 * One function for each message. Each asks `hasSubscribers` before it builds anything, and takes only
 * what its caller has anyway: with nobody listening a call costs a property read.
 */
import { randomUUID } from 'node:crypto';

import { monotonicMs, now } from '../clock.js';
import type { Exit } from '../exit.js';
import type { ProcessIdentity } from '../identity.js';
import type { Scope } from '../options/scope.js';
import type { Completion } from '../completion.js';
import type { Signal } from '../signals.js';
import type { StepReport, Termination } from '../terminate/termination.js';
import type { RecoverOutcome } from './messages.js';
import { publishers } from './publishers.js';

const spawns = publishers['reapwell:spawn'];
const exits = publishers['reapwell:exit'];
const stops = publishers['reapwell:stop'];
const continues = publishers['reapwell:continue'];
const steps = publishers['reapwell:terminate:step'];
const terminations = publishers['reapwell:terminate'];
const runs = publishers['reapwell:run'];
const recoveries = publishers['reapwell:recover'];

/** What of a spawn's plan is told. `spawnargs` starts with argv[0]. */
interface Program {
  readonly file: string;
  readonly spawnargs: readonly string[];
}

let lastRun = 0;
let instance: string | undefined;

/** A run's number; costs nothing, so that runs have one also before anybody listens. */
export function nextRun(): number {
  return ++lastRun;
}

// Two copies of this library, and two workers, count from 1 each.
function runIdOf(run: number): string {
  instance ??= randomUUID();
  return `${instance}:${run}`;
}

/** `calledAt` by `now()`; `run` as `nextRun` gave it. */
export function publishSpawned(
  program: Program,
  child: { pid: number; identity: ProcessIdentity; pgid: number; scope: Scope },
  run: number | undefined,
  calledAt: number,
): void {
  if (!spawns.hasSubscribers) return;
  const { pid, identity, pgid, scope } = child;
  spawns.publish({
    outcome: 'started',
    runId: run === undefined ? null : runIdOf(run),
    file: program.file,
    args: program.spawnargs.slice(1),
    pid,
    identity,
    pgid,
    scope,
    latencyMs: now() - calledAt,
  });
}

export function publishSpawnFailed(
  program: Program,
  error: Error,
  run: number | undefined,
  calledAt: number,
): void {
  if (!spawns.hasSubscribers) return;
  spawns.publish({
    outcome: 'failed',
    runId: run === undefined ? null : runIdOf(run),
    file: program.file,
    args: program.spawnargs.slice(1),
    error,
    latencyMs: now() - calledAt,
  });
}

/** `seenAt`: when the reaper saw it, milliseconds of CLOCK_MONOTONIC. */
export function publishExit(
  identity: ProcessIdentity,
  attached: boolean,
  exit: Exit,
  seenAt: number,
): void {
  if (!exits.hasSubscribers) return;
  const latencyMs = Math.max(0, monotonicMs() - seenAt);
  exits.publish({ pid: identity.pid, identity, attached, exit, latencyMs });
}

/** Somebody wants to hear of stops; without the claim on SIGCHLD they are looked for only then. */
export function wantsStops(): boolean {
  return stops.hasSubscribers || continues.hasSubscribers;
}

export function publishStop(identity: ProcessIdentity, signal: Signal): void {
  if (stops.hasSubscribers) stops.publish({ pid: identity.pid, identity, signal });
}

export function publishContinue(identity: ProcessIdentity): void {
  if (continues.hasSubscribers) continues.publish({ pid: identity.pid, identity });
}

export function publishStep(identity: ProcessIdentity, index: number, step: StepReport): void {
  if (steps.hasSubscribers) steps.publish({ pid: identity.pid, identity, index, step });
}

export function publishTermination(identity: ProcessIdentity, termination: Termination): void {
  if (!terminations.hasSubscribers) return;
  terminations.publish({ pid: identity.pid, identity, termination });
}

export function publishRunStart(program: Program, run: number): void {
  if (!runs.hasSubscribers) return;
  const { file, spawnargs } = program;
  runs.publish({ phase: 'start', runId: runIdOf(run), file, args: spawnargs.slice(1) });
}

export function publishRunEnd(
  program: Program,
  run: number,
  completion: Completion<string | Buffer>,
): void {
  if (!runs.hasSubscribers) return;
  const { file, spawnargs } = program;
  runs.publish({ phase: 'end', runId: runIdOf(run), file, args: spawnargs.slice(1), completion });
}

/** For each entry that a recovery dealt with, once its outcome is written down. */
export function publishRecover(
  id: string,
  outcome: RecoverOutcome,
  termination?: Termination,
): void {
  if (!recoveries.hasSubscribers) return;
  recoveries.publish({ id, outcome, ...(termination === undefined ? {} : { termination }) });
}
