/** The whole job: start, watch, end what is left, and one result that is final. */
import type { Child } from '../child/child.js';
import { now } from '../clock.js';
import {
  errorRecord,
  statusOfFailure,
  type Completion,
  type CompletionRecord,
} from '../completion.js';
import { RUN_KEYS, type RunOptions } from '../options/run-options.js';
import { checkOptions } from '../options/validate.js';
import { planSpawn, type SpawnPlan } from '../spawn/plan.js';
import { startPlanned } from '../spawn/spawn.js';
import { recordCompletion } from '../spawn/tracking.js';
import { nextRun, publishRunEnd, publishRunStart } from '../telemetry/publish.js';
import { openInput, type Input } from './input.js';
import { Job } from './job.js';
import { noOutputs } from './output.js';
import { planRun, type RunPlan } from './plan.js';

const KEYS: ReadonlySet<string> = new Set(RUN_KEYS);

type AnyCompletion = Completion<string | Buffer>;

/**
 * Runs a program to its end and reports it. Rejects only for bad arguments (TypeError, RangeError),
 * before anything has started; whatever the program does, and whatever keeps it from starting, is in
 * the result.
 */
export async function run(
  file: string,
  args: readonly string[] | undefined,
  options: RunOptions<Child, Buffer> & { readonly encoding: 'buffer'; readonly all: true },
): Promise<Completion<Buffer> & { readonly all: Buffer }>;
export async function run(
  file: string,
  args: readonly string[] | undefined,
  options: RunOptions<Child, Buffer> & { readonly encoding: 'buffer' },
): Promise<Completion<Buffer>>;
export async function run(
  file: string,
  args: readonly string[] | undefined,
  options: RunOptions<Child> & { readonly all: true },
): Promise<Completion & { readonly all: string }>;
export async function run(
  file: string,
  args?: readonly string[],
  options?: RunOptions<Child>,
): Promise<Completion>;
export async function run(
  file: string,
  args?: readonly string[],
  options?: RunOptions<Child> | RunOptions<Child, Buffer>,
): Promise<AnyCompletion> {
  return runPlanned(planJob(file, args, options));
}

export interface PlannedJob {
  readonly plan: RunPlan;
  readonly spawnPlan: SpawnPlan;
}

/** Throws for bad arguments; nothing has been touched then. */
export function planJob(file: unknown, args: unknown, options: unknown): PlannedJob {
  const checked = checkOptions(options, KEYS);
  const plan = planRun(checked);
  return { plan, spawnPlan: planSpawn(file, args, checked, plan.stdio, 'terminate') };
}

/** Takes what the call names before it returns. */
export async function runPlanned({ plan, spawnPlan }: PlannedJob): Promise<AnyCompletion> {
  // Before anything is awaited: a stream may fail at any time from here on.
  const input = openInput(plan.input);
  const number = nextRun();
  publishRunStart(spawnPlan, number);
  const completion = await complete(plan, spawnPlan, input, number);
  publishRunEnd(spawnPlan, number, completion);
  return completion;
}

async function complete(
  plan: RunPlan,
  spawnPlan: SpawnPlan,
  input: Input,
  number: number,
): Promise<AnyCompletion> {
  const startedAt = now();
  let record: ((completion: CompletionRecord) => Promise<void>) | undefined;
  let child: Child;
  try {
    child = await startPlanned(
      spawnPlan,
      (started, tracked) => (record = recordCompletion(started, tracked)),
      number,
    );
  } catch (error) {
    await input.letGo();
    return notStarted(plan, error as Error, startedAt);
  }
  const completion = await new Job(spawnPlan.file, child, plan, input, startedAt).complete();
  await record?.(withoutOutput(completion));
  return completion;
}

function notStarted(plan: RunPlan, error: Error, startedAt: number): AnyCompletion {
  return {
    status: statusOfFailure(error),
    exit: null,
    termination: { method: 'natural' },
    pid: null,
    durationMs: now() - startedAt,
    ...noOutputs(plan),
    usage: null,
    error,
  };
}

function withoutOutput(completion: AnyCompletion): CompletionRecord {
  const { status, exit, termination, pid, durationMs, usage, cause, error } = completion;
  const { truncated, omittedBytes } = completion;
  return {
    ...{ status, exit, termination, pid, durationMs, truncated, omittedBytes, usage },
    ...(cause === undefined ? {} : { cause }),
    ...(error === undefined ? {} : { error: errorRecord(error) }),
  };
}
