/** A started child, to a result that is final. */
import { Child } from '../child/child.js';
import type { EndedBy } from '../child/waiting.js';
import { now } from '../clock.js';
import type { Completion } from '../completion.js';
import { OutputTooLongError, StatusUnknownError, SurvivorsError } from '../errors/index.js';
import type { Exit } from '../exit.js';
import type { Progress } from '../options/run-options.js';
import type { Pipe } from '../stdio/pipe.js';
import { Timer } from '../timer.js';
import type { Input } from './input.js';
import { Output, type Outputs } from './output.js';
import type { RunPlan } from './plan.js';
import { reportProgress } from './progress.js';

/** Milliseconds in which a pipe may fill up: a program that is over by then needs no socket for it. */
const CAPTURE_DELAY = 2;

type AnyCompletion = Completion<string | Buffer>;

interface Ending {
  readonly exit: Exit | null;
  readonly endedBy: EndedBy | undefined;
  readonly termination: AnyCompletion['termination'];
  /** It could not be watched to its end. */
  readonly failure?: Error;
}

export class Job {
  readonly #file: string;
  readonly #child: Child;
  readonly #plan: RunPlan;
  readonly #input: Input;
  readonly #startedAt: number;
  readonly #stdin: Pipe | null;
  readonly #output: Output;

  constructor(file: string, child: Child, plan: RunPlan, input: Input, startedAt: number) {
    this.#file = file;
    this.#child = child;
    this.#plan = plan;
    this.#input = input;
    this.#startedAt = startedAt;
    const [stdin = null, stdout = null, stderr = null] = Child.pipesOf(child);
    this.#stdin = stdin;
    this.#output = new Output(plan, stdout, stderr);
  }

  /** Never rejects. */
  async complete(): Promise<AnyCompletion> {
    const child = this.#child;
    const ending = await this.#watch().catch((error: unknown) => this.#giveUp(error as Error));
    await this.#input.letGo();
    const { outputs, failure } = this.#returned();
    return {
      ...this.#judge(ending, failure),
      exit: ending.exit,
      termination: ending.termination,
      pid: child.pid,
      durationMs: now() - this.#startedAt,
      ...outputs,
      usage: ending.exit?.usage ?? null,
      ...(child.oomKilled ? { cause: 'oom' as const } : {}),
    };
  }

  async #watch(): Promise<Ending> {
    const child = this.#child;
    const stopReporting = reportProgress(this.#plan, this.#progress);
    const beginning = new Timer(CAPTURE_DELAY, () => this.#output.begin());
    try {
      if (this.#output.isLive) this.#output.begin();
      if (this.#stdin !== null) this.#input.feed(this.#stdin);
      // A leader that can't be ended never exits; then the failed escalation settles the job.
      const exit = await Promise.race([child.exited, child.ending.then(() => null)]);
      beginning.clear();
      const endedBy = child.endedBy;
      const termination = await this.#settleScope(endedBy);
      await this.#output.drain(this.#plan.drainIdle);
      return { exit, endedBy, termination };
    } finally {
      beginning.clear();
      stopReporting();
    }
  }

  async #settleScope(endedBy: EndedBy | undefined): Promise<AnyCompletion['termination']> {
    // What they write while they end must not fill the pipes.
    if (!this.#child.isEmpty) this.#output.begin();
    if (endedBy !== undefined) return this.#child.ending;
    if (this.#plan.stragglers === 'leave') {
      this.#child.release();
      return { method: 'natural' };
    }
    if (this.#child.isEmpty) return { method: 'natural' };
    const termination = await this.#child.endBecause('terminate');
    return termination.method === 'not_running' ? { method: 'natural' } : termination;
  }

  // Whatever failed is nothing that should happen; but nothing may be left of the job, nor its end untold.
  async #giveUp(failure: Error): Promise<Ending> {
    const termination = await this.#child
      .endBecause('terminate')
      .catch(() => ({ method: 'natural' as const }));
    const state = this.#child.poll();
    return {
      exit: state.state === 'exited' ? state.exit : null,
      endedBy: undefined,
      termination,
      failure,
    };
  }

  #returned(): { outputs: Outputs; failure?: Error } {
    const output = this.#output;
    try {
      const outputs = output.returned();
      if (!output.isTooLong) return { outputs };
      return { outputs, failure: new OutputTooLongError(this.#file, this.#plan.encoding) };
    } catch (error) {
      return { outputs: output.omitted(), failure: error as Error };
    }
  }

  #judge(
    ending: Ending,
    outputFailure: Error | undefined,
  ): Pick<AnyCompletion, 'status' | 'error'> {
    const { exit, endedBy, termination } = ending;
    if (termination.method === 'failed') {
      const { survivors } = termination;
      return { status: 'error', error: new SurvivorsError(this.#file, survivors) };
    }
    if (ending.failure !== undefined) return { status: 'error', error: ending.failure };
    if (endedBy !== undefined) return { status: endedBy === 'timeout' ? 'timeout' : 'terminated' };
    if (exit?.known !== true) {
      return { status: 'error', error: new StatusUnknownError(this.#file, this.#child.pid) };
    }
    const failure = this.#input.failure ?? outputFailure;
    if (failure !== undefined) return { status: 'error', error: failure };
    return { status: exit.code === 0 ? 'completed' : 'failed' };
  }

  readonly #progress = (): Progress => ({
    pid: this.#child.pid,
    elapsedMs: now() - this.#startedAt,
    stdoutBytes: this.#output.stdoutBytes,
    stderrBytes: this.#output.stderrBytes,
    usage: this.#child.usage(),
  });
}
