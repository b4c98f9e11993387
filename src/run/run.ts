/** The whole job: start, watch, end what is left, and one result that is final. */
import { Child } from '../child/child.js';
import type { EndedBy } from '../child/waiting.js';
import {
  errorRecord,
  statusOfFailure,
  type Completion,
  type CompletionRecord,
  type CompletionStatus,
} from '../completion.js';
import { StatusUnknownError, SurvivorsError } from '../errors/index.js';
import type { Exit } from '../exit.js';
import { RUN_KEYS, type Progress, type RunOptions } from '../options/run-options.js';
import { checkOptions } from '../options/validate.js';
import { planSpawn, type SpawnPlan } from '../spawn/plan.js';
import { startPlanned } from '../spawn/spawn.js';
import { recordCompletion } from '../spawn/tracking.js';
import { nextRun, publishRunEnd, publishRunStart } from '../telemetry/publish.js';
import { Capture } from './capture.js';
import { feedInput } from './input.js';
import { planRun, type RunPlan } from './plan.js';
import { reportProgress } from './progress.js';

const KEYS: ReadonlySet<string> = new Set(RUN_KEYS);

/** Milliseconds in which a pipe may fill up: a program that is over by then needs no socket for it. */
const CAPTURE_DELAY = 2;

/**
 * Runs a program to its end and reports it. Rejects only for bad arguments (TypeError, RangeError),
 * before anything has started; whatever the program does, and whatever keeps it from starting, is in
 * the result.
 */
export async function run(
  file: string,
  args: readonly string[] | undefined,
  options: RunOptions<Child> & { readonly encoding: 'buffer' },
): Promise<Completion<Buffer>>;
export async function run(
  file: string,
  args?: readonly string[],
  options?: RunOptions<Child>,
): Promise<Completion>;
export async function run(
  file: string,
  args?: readonly string[],
  options?: RunOptions<Child>,
): Promise<Completion<string | Buffer>> {
  const checked = checkOptions(options, KEYS);
  const plan = planRun(checked);
  const spawnPlan = planSpawn(file, args, checked, plan.stdio, 'terminate');
  const number = nextRun();
  publishRunStart(spawnPlan, number);
  const completion = await complete(plan, spawnPlan, number);
  publishRunEnd(spawnPlan, number, completion);
  return completion;
}

async function complete(
  plan: RunPlan,
  spawnPlan: SpawnPlan,
  number: number,
): Promise<Completion<string | Buffer>> {
  const startedAt = performance.now();
  let record: ((completion: CompletionRecord) => Promise<void>) | undefined;
  let child: Child;
  try {
    child = await startPlanned(
      spawnPlan,
      (started, tracked) => (record = recordCompletion(started, tracked)),
      number,
    );
  } catch (error) {
    return notStarted(plan, error as Error, startedAt);
  }
  const completion = await new Job(spawnPlan.file, child, plan, startedAt).complete();
  await record?.(withoutOutput(completion));
  return completion;
}

function notStarted(plan: RunPlan, error: Error, startedAt: number): Completion<string | Buffer> {
  const nothing = plan.encoding === 'buffer' ? Buffer.alloc(0) : '';
  return {
    status: statusOfFailure(error),
    exit: null,
    termination: { method: 'natural' },
    pid: null,
    durationMs: performance.now() - startedAt,
    stdout: nothing,
    stderr: nothing,
    truncated: false,
    usage: null,
    error,
  };
}

function withoutOutput(completion: Completion<string | Buffer>): CompletionRecord {
  const { status, exit, termination, pid, durationMs, truncated, usage, cause, error } = completion;
  return {
    ...{ status, exit, termination, pid, durationMs, truncated, usage },
    ...(cause === undefined ? {} : { cause }),
    ...(error === undefined ? {} : { error: errorRecord(error) }),
  };
}

class Job {
  readonly #file: string;
  readonly #child: Child;
  readonly #plan: RunPlan;
  readonly #startedAt: number;
  readonly #stdout: Capture;
  readonly #stderr: Capture;

  constructor(file: string, child: Child, plan: RunPlan, startedAt: number) {
    this.#file = file;
    this.#child = child;
    this.#plan = plan;
    this.#startedAt = startedAt;
    const [, stdout = null, stderr = null] = Child.pipesOf(child);
    this.#stdout = new Capture(stdout, plan.maxBuffer);
    this.#stderr = new Capture(stderr, plan.maxBuffer);
  }

  async complete(): Promise<Completion<string | Buffer>> {
    const child = this.#child;
    const inputFailure = feedInput(child.stdin, this.#plan.input);
    const stopReporting = reportProgress(this.#plan, this.#progress);
    const beginning = setTimeout(() => this.#beginCapture(), CAPTURE_DELAY);
    // A leader that can't be ended never exits; then the failed escalation settles the job.
    const exit = await Promise.race([child.exited, child.ending.then(() => null)]);
    clearTimeout(beginning);
    const endedBy = child.endedBy;
    const termination = await this.#settleScope(endedBy);
    stopReporting();
    const { drainIdle } = this.#plan;
    await Promise.all([this.#stdout.drain(drainIdle), this.#stderr.drain(drainIdle)]);
    const outcome = this.#judge(exit, endedBy, termination, inputFailure());
    const asText = this.#plan.encoding === 'utf8';
    return {
      ...outcome,
      exit,
      termination,
      pid: child.pid,
      durationMs: performance.now() - this.#startedAt,
      stdout: asText ? this.#stdout.toText() : this.#stdout.toBuffer(),
      stderr: asText ? this.#stderr.toText() : this.#stderr.toBuffer(),
      truncated: this.#stdout.truncated || this.#stderr.truncated,
      usage: exit?.usage ?? null,
      ...(child.oomKilled ? { cause: 'oom' as const } : {}),
    };
  }

  #beginCapture(): void {
    this.#stdout.begin();
    this.#stderr.begin();
  }

  async #settleScope(endedBy: EndedBy | undefined): Promise<Completion['termination']> {
    // What they write while they end must not fill the pipes.
    if (!this.#child.isEmpty) this.#beginCapture();
    if (endedBy !== undefined) return this.#child.ending;
    if (this.#plan.stragglers === 'leave') {
      this.#child.release();
      return { method: 'natural' };
    }
    if (this.#child.isEmpty) return { method: 'natural' };
    const termination = await this.#child.endBecause('terminate');
    return termination.method === 'not_running' ? { method: 'natural' } : termination;
  }

  #judge(
    exit: Exit | null,
    endedBy: EndedBy | undefined,
    termination: Completion['termination'],
    inputFailure: Error | undefined,
  ): { status: CompletionStatus; error?: Error } {
    if (termination.method === 'failed') {
      return {
        status: 'error',
        error: new SurvivorsError(this.#file, termination.survivors.length),
      };
    }
    if (endedBy !== undefined) return { status: endedBy === 'timeout' ? 'timeout' : 'terminated' };
    if (exit?.known !== true) {
      return { status: 'error', error: new StatusUnknownError(this.#file, this.#child.pid) };
    }
    if (inputFailure !== undefined) return { status: 'error', error: inputFailure };
    return { status: exit.code === 0 ? 'completed' : 'failed' };
  }

  readonly #progress = (): Progress => ({
    pid: this.#child.pid,
    elapsedMs: performance.now() - this.#startedAt,
    stdoutBytes: this.#stdout.bytes,
    stderrBytes: this.#stderr.bytes,
    usage: this.#child.usage(),
  });
}
