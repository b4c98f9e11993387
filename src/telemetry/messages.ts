/** What is told on each channel. Types alone; durations are milliseconds. */
import type { Exit } from '../exit.js';
import type { ProcessIdentity } from '../identity.js';
import type { Scope } from '../options/scope.js';
import type { Completion } from '../completion.js';
import type { Signal } from '../signals.js';
import type { StepReport, Termination } from '../terminate/termination.js';

/** What every message about one process carries. */
interface OfProcess {
  readonly pid: number;
  /** The very object that the handle has, so it can be the key of a `WeakMap`. */
  readonly identity: ProcessIdentity;
}

interface OfProgram {
  /** As given to `spawn` or `run`. */
  readonly file: string;
  /** Without argv[0]. They may hold secrets. */
  readonly args: readonly string[];
}

interface OfSpawn extends OfProgram {
  /** The run that started it; null for a plain `spawn`. */
  readonly runId: string | null;
  /** From the call until its outcome was known on the event loop. */
  readonly latencyMs: number;
}

export interface SpawnStartedMessage extends OfSpawn, OfProcess {
  readonly outcome: 'started';
  readonly pgid: number;
  /** The one that was got, where several were asked for. */
  readonly scope: Scope;
}

export interface SpawnFailedMessage extends OfSpawn {
  readonly outcome: 'failed';
  /** What the caller is rejected with: a system error, a TimeoutError, an AbortError, … */
  readonly error: Error;
}

/** `reapwell:spawn`: one for each start that was tried. Bad arguments start nothing and tell nothing. */
export type SpawnMessage = SpawnStartedMessage | SpawnFailedMessage;

/** `reapwell:exit`: a leader has exited; before its listeners and its promise are told. */
export interface ExitMessage extends OfProcess {
  /** A process that `attach` watches, so one without a spawn message. */
  readonly attached: boolean;
  readonly exit: Exit;
  /** From the reaper thread's look that found the exit to this message. */
  readonly latencyMs: number;
}

/** `reapwell:stop`: a leader was stopped. */
export interface StopMessage extends OfProcess {
  readonly signal: Signal;
}

/** `reapwell:continue`: a leader runs again. */
export type ContinueMessage = OfProcess;

/** `reapwell:terminate:step`: a step of an escalation is over. */
export interface TerminateStepMessage extends OfProcess {
  /** Its place in `Termination.steps`, from 0. */
  readonly index: number;
  readonly step: StepReport;
}

/**
 * `reapwell:terminate`: an escalation is over. Calls that joined it share one message. `run` looks for
 * stragglers by an escalation too, so a run without any has one with `not_running`.
 */
export interface TerminateMessage extends OfProcess {
  readonly termination: Termination;
}

interface OfRun extends OfProgram {
  /** Tells runs apart; the same at the start, at the end and in the spawn message. */
  readonly runId: string;
}

/** Told within the call of `run`, so that the caller's async context is the active one. */
export interface RunStartMessage extends OfRun {
  readonly phase: 'start';
}

export interface RunEndMessage extends OfRun {
  readonly phase: 'end';
  /** The very object that the caller gets, with its output. */
  readonly completion: Completion<string | Buffer>;
}

/** `reapwell:run`: a run has started, or its result is final. */
export type RunMessage = RunStartMessage | RunEndMessage;

export type RecoverOutcome = 'gone' | 'ended' | 'adopted' | 'survived' | 'foreign' | 'unreadable';

/** `reapwell:recover`: what became of one entry of a journal. */
export interface RecoverMessage {
  /** The entry's. */
  readonly id: string;
  readonly outcome: RecoverOutcome;
  /** If an escalation was run. */
  readonly termination?: Termination;
}

/** The message of each channel. */
export interface TelemetryMessages {
  readonly 'reapwell:spawn': SpawnMessage;
  readonly 'reapwell:exit': ExitMessage;
  readonly 'reapwell:stop': StopMessage;
  readonly 'reapwell:continue': ContinueMessage;
  readonly 'reapwell:terminate:step': TerminateStepMessage;
  readonly 'reapwell:terminate': TerminateMessage;
  readonly 'reapwell:run': RunMessage;
  readonly 'reapwell:recover': RecoverMessage;
}

export type ChannelName = keyof TelemetryMessages;
