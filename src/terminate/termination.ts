/** What an escalation came to. */
import type { ProcessInfo } from '../child/members.js';

/** `'eof'`, a signal's name in lower case (`'sigterm'`), or `'action'`. */
export type StepName = 'eof' | 'action' | Lowercase<NodeJS.Signals> | `signal ${number}`;

export interface StepReport {
  readonly step: StepName;
  /** False if there was nothing left to deliver it to, or delivery failed (then `error` says why). */
  readonly delivered: boolean;
  /** The scope was empty when the step's wait ended. */
  readonly ended: boolean;
  /** Milliseconds from the step's start to its end. */
  readonly durationMs: number;
  /** What the signal or the action failed with. */
  readonly error?: unknown;
}

/** A live member of the scope after the last step, and why it lives. */
export interface Survivor extends ProcessInfo {
  /**
   * `'uninterruptible'`: state D, in the kernel function `waitChannel`. `'EPERM'`: we may not signal
   * it. `'traced'`: a tracer holds it. `'hidden'`: /proc does not show it; this is the leader, or, if
   * that has exited, whoever of its scope is still there, whose own numbers are not known: `pid` and
   * `identity` are the leader's then too. `'alive'`: none of these; e.g. there was no SIGKILL step.
   */
  readonly reason: 'uninterruptible' | 'EPERM' | 'traced' | 'hidden' | 'alive';
  /** The kernel function that it hangs in, where the kernel tells. */
  readonly waitChannel?: string;
}

/** One at least. */
export type Survivors = readonly [Survivor, ...Survivor[]];

interface Ending {
  readonly steps: readonly StepReport[];
  readonly durationMs: number;
}

/** Nobody is left. */
export interface Ended extends Ending {
  /** The step after which the scope was empty; `'not_running'` if it was empty before the first. */
  readonly method: StepName | 'not_running';
  readonly survivors: readonly [];
}

/** The last step has passed, and somebody is left: who, and why. */
export interface NotEnded extends Ending {
  readonly method: 'failed';
  readonly survivors: Survivors;
}

export type Termination = Ended | NotEnded;
