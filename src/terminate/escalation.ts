/**
 * Runs an escalation's steps against a target until its scope is empty.
 *
 * A step ends at once when the scope is empty, and goes on when only the leader has gone. A later
 * request joins the one under way and can only bring its deadlines forward.
 */
import { now } from '../clock.js';
import type { ProcessIdentity } from '../identity.js';
import type { EscalationStep, SignalStep } from '../options/escalation.js';
import type { Scope } from '../options/scope.js';
import { signalName, signalNumber, type Signal } from '../signals.js';
import { publishStep, publishTermination } from '../telemetry/publish.js';
import { Timer } from '../timer.js';
import { nameSurvivors } from './survivors.js';
import type { Ended, StepName, StepReport, Survivor, Termination } from './termination.js';

/** What an escalation acts on. */
export interface EscalationTarget {
  /** Whose end it is, as telemetry tells it; undefined if nobody was ever there. */
  readonly identity: ProcessIdentity | undefined;
  /** Resolves true if the scope is known to be empty now. May look hard; never rejects. */
  checkEmpty(): Promise<boolean>;
  /** Calls back, never at once, when the scope is empty; returns how to stop waiting. */
  onceEmpty(callback: () => void): () => void;
  /** False: nothing was left to signal. Rejects if it may not. */
  signal(signal: Signal, scope: Scope | undefined): Promise<boolean>;
  /** False: no standard input is held. */
  closeInput(): boolean;
  runAction(action: (child: never) => unknown): Promise<unknown>;
  /** Who is seen to live. Nobody, where that can't be looked at. */
  survivors(): Survivor[];
  /** Whom to name when somebody is there and nobody is seen. */
  unlisted(): Survivor;
  /** Whether waiting keeps the event loop from ending. */
  readonly referenced: boolean;
}

type Step = EscalationStep<never>;

interface Delivery {
  delivered: boolean;
  error?: unknown;
}

// SIGCONT itself and the two that no process can heed or ignore need none after them.
const NEEDS_NO_CONT: readonly Signal[] = ['SIGKILL', 'SIGCONT', 'SIGSTOP'];

function stepName(step: Step): StepName {
  if ('eof' in step) return 'eof';
  if ('action' in step) return 'action';
  const name = signalName(signalNumber(step.signal));
  return typeof name === 'string' ? (name.toLowerCase() as StepName) : `signal ${name}`;
}

export class Escalation {
  readonly #target: EscalationTarget;
  readonly #steps: readonly Step[];
  readonly #waits: number[];
  readonly #reports: StepReport[] = [];
  readonly #startedAt = now();
  #current = -1;
  #timer: Timer | undefined;
  readonly result: Promise<Termination>;

  constructor(target: EscalationTarget, steps: readonly Step[]) {
    this.#target = target;
    this.#steps = steps;
    this.#waits = steps.map((step) => step.wait);
    this.result = this.#run();
  }

  /**
   * Brings deadlines forward to those of `steps`: a step of the same name waits no longer than that
   * one, and a step that `steps` does not have does not wait at all.
   */
  shorten(steps: readonly Step[]): void {
    for (const [index, step] of this.#steps.entries()) {
      const name = stepName(step);
      const other = steps.find((candidate) => stepName(candidate) === name);
      this.#waits[index] = Math.min(this.#waits[index] ?? 0, other?.wait ?? 0);
    }
    this.#timer?.shorten(this.#waits[this.#current] ?? 0);
  }

  reference(on: boolean): void {
    this.#timer?.reference(on);
  }

  async #run(): Promise<Termination> {
    if (await this.#target.checkEmpty()) return this.#tell(this.#ended('not_running'));
    for (const [index, step] of this.#steps.entries()) {
      if ('eof' in step && !this.#target.closeInput()) continue;
      this.#current = index;
      if (await this.#perform(step, index)) return this.#tell(this.#ended(stepName(step)));
    }
    const listed = this.#target.survivors();
    // Its last member may have ended while survivors were looked for.
    if (listed.length === 0 && (await this.#target.checkEmpty())) {
      return this.#tell(this.#ended(this.#lastMethod()));
    }
    const survivors = nameSurvivors(listed, () => this.#target.unlisted());
    return this.#tell({
      method: 'failed',
      steps: this.#reports,
      survivors,
      durationMs: this.#elapsed,
    });
  }

  /** True: the scope is empty. */
  async #perform(step: Step, index: number): Promise<boolean> {
    const startedAt = now();
    const delivery = this.#deliver(step);
    // Looked at once more when the time is up: a loop that was blocked hears of the deadline first, and
    // of what happened before it only afterwards.
    const ended = (await this.#waitEmpty(index, startedAt)) || (await this.#target.checkEmpty());
    const { delivered, error } = delivery;
    const report: StepReport = {
      step: stepName(step),
      delivered,
      ended,
      durationMs: now() - startedAt,
      ...(error === undefined ? {} : { error }),
    };
    this.#reports.push(report);
    const { identity } = this.#target;
    if (identity !== undefined) publishStep(identity, this.#reports.length - 1, report);
    return ended;
  }

  /** What it returns is filled in as the delivery goes on; the step's wait does not wait for it. */
  #deliver(step: Step): Delivery {
    const delivery: Delivery = { delivered: true };
    const fail = (error: unknown): void => {
      delivery.delivered = false;
      delivery.error = error;
    };
    if ('action' in step) {
      this.#target.runAction(step.action).catch(fail);
    } else if ('signal' in step) {
      this.#signal(step, delivery).catch(fail);
    }
    return delivery;
  }

  async #signal(step: SignalStep, delivery: Delivery): Promise<void> {
    delivery.delivered = await this.#target.signal(step.signal, step.scope);
    // A stopped process acts on no signal but SIGKILL until it is continued.
    if (delivery.delivered && !NEEDS_NO_CONT.includes(step.signal)) {
      await this.#target.signal('SIGCONT', step.scope);
    }
  }

  #waitEmpty(index: number, startedAt: number): Promise<boolean> {
    return new Promise((resolve) => {
      const end = (empty: boolean): void => {
        this.#timer?.clear();
        this.#timer = undefined;
        stopWaiting();
        resolve(empty);
      };
      const stopWaiting = this.#target.onceEmpty(() => end(true));
      const wait = (this.#waits[index] ?? 0) - (now() - startedAt);
      this.#timer = new Timer(wait, () => end(false)).reference(this.#target.referenced);
    });
  }

  #ended(method: Ended['method']): Ended {
    return { method, steps: this.#reports, survivors: [], durationMs: this.#elapsed };
  }

  get #elapsed(): number {
    return now() - this.#startedAt;
  }

  #tell(termination: Termination): Termination {
    const { identity } = this.#target;
    if (identity !== undefined) publishTermination(identity, termination);
    return termination;
  }

  #lastMethod(): Ended['method'] {
    return this.#reports.at(-1)?.step ?? 'not_running';
  }
}
