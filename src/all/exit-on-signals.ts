/** Has everything end with us when we are told to end. */
import { constants } from 'node:os';
import { isMainThread } from 'node:worker_threads';

import type { Child } from '../child/child.js';
import { now } from '../clock.js';
import { invalidValue, unsupportedInWorker } from '../errors/index.js';
import { binding } from '../native/binding.js';
import {
  chooseEscalation,
  ESCALATION_KEYS,
  type EscalationChoice,
  type EscalationOptions,
} from '../options/escalation.js';
import { checkList, checkOptions } from '../options/validate.js';
import { signalName, signalNumber } from '../signals.js';
import { refuseStarts } from '../spawn/start-call.js';
import { Timer } from '../timer.js';
import { endEverything } from './terminate-all.js';

export interface ExitOnSignalsOptions extends EscalationOptions<Child> {
  /** Signals that end a process and that it can handle. @default ['SIGINT', 'SIGTERM', 'SIGHUP'] */
  readonly signals?: readonly NodeJS.Signals[] | undefined;
}

/** Undoes it when called, or at the end of its block (`using`); not once a signal has come. */
export type UndoExitOnSignals = (() => void) & Disposable;

const KEYS: ReadonlySet<string> = new Set([...ESCALATION_KEYS, 'signals']);
const DEFAULT_SIGNALS: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

// Those that can't be handled, are faults of our own, or don't end a process that does not handle them.
const UNFIT: ReadonlySet<unknown> = new Set([
  ...['SIGKILL', 'SIGSTOP', 'SIGSEGV', 'SIGBUS', 'SIGFPE', 'SIGILL'],
  ...['SIGCHLD', 'SIGCONT', 'SIGTSTP', 'SIGTTIN', 'SIGTTOU', 'SIGURG', 'SIGWINCH'],
]);

/** npm hands a terminal's ^C on to a program that the terminal has sent it already. */
const SAME_SIGNAL = 50;
/** After SIGKILL to all; by then only what can't be killed is left. */
const KILLED_WAIT = 1000;

function checkSignal(name: string, value: unknown): NodeJS.Signals {
  const signal = signalName(signalNumber(value));
  if (typeof signal !== 'string' || UNFIT.has(signal)) {
    throw invalidValue(name, 'must be a signal that ends a process and can be handled', value);
  }
  return signal;
}

// Those of this program that are ending it, in every copy of this library: the last one does.
const SHARED = Symbol.for('reapwell.exitOnSignals');
function endings(): Set<object> {
  const holder = process as unknown as Record<symbol, Set<object> | undefined>;
  return (holder[SHARED] ??= new Set());
}

class ExitOnSignals {
  readonly #signals: readonly NodeJS.Signals[];
  readonly #choice: EscalationChoice<never>;
  #first: NodeJS.Signals | undefined;
  #firstAt = 0;
  #killed = false;
  #over = false;

  constructor(signals: readonly NodeJS.Signals[], choice: EscalationChoice<never>) {
    this.#signals = signals;
    this.#choice = choice;
    for (const signal of signals) process.on(signal, this.#onSignal);
  }

  undo(): void {
    if (this.#first !== undefined) return;
    for (const signal of this.#signals) process.off(signal, this.#onSignal);
  }

  readonly #onSignal = (signal: NodeJS.Signals): void => {
    if (this.#first === undefined) {
      this.#first = signal;
      this.#firstAt = now();
      endings().add(this);
      const finish = (): void => this.#finish();
      endEverything(this.#choice).then(finish, finish);
    } else if (signal !== this.#first || now() - this.#firstAt > SAME_SIGNAL) {
      this.#killEverything();
    }
  };

  // What is dead is told of within milliseconds, and the records of a journal are closed by then.
  #killEverything(): void {
    if (this.#killed) return this.#finish();
    this.#killed = true;
    refuseStarts(true);
    binding.killAll();
    new Timer(KILLED_WAIT, () => this.#finish());
  }

  #finish(): void {
    if (this.#over || this.#first === undefined) return;
    this.#over = true;
    const all = endings();
    all.delete(this);
    if (all.size > 0) return;
    // What other threads have started, what was started last, and what could not be ended.
    binding.killAll();
    endBySignal(this.#first);
  }
}

/**
 * By the signal itself, so that whoever waits for us sees it; after the program's own hooks for an exit.
 * The first process of a pid namespace outlives it, and exits with 128 and its number.
 */
function endBySignal(signal: NodeJS.Signals): never {
  const raise = (): void => {
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  };
  process.on('exit', raise);
  try {
    process.exit(128 + constants.signals[signal]);
  } finally {
    // A hook has thrown.
    raise();
  }
}

/**
 * On the first of `signals`: `terminateAll`, and then our own end by that very signal. On a second one:
 * SIGKILL to all at once; the same signal within 50 ms is taken for the first one (npm hands on the ^C
 * that the terminal has sent to its whole group). A third one waits for nothing. Other listeners for these
 * signals are called as usual, and so are those for the process's 'exit'.
 *
 * Children of workers are killed when those of the main thread have ended. Throws a TypeError with code
 * ERR_WORKER_UNSUPPORTED_OPERATION in a worker, where no signal is ever heard of.
 */
export function exitOnSignals(options: ExitOnSignalsOptions = {}): UndoExitOnSignals {
  if (!isMainThread) throw unsupportedInWorker('exitOnSignals()');
  const checked = checkOptions(options, KEYS);
  const signals =
    checked.signals === undefined
      ? DEFAULT_SIGNALS
      : checkList('options.signals', checked.signals, 'signals', checkSignal);
  if (signals.length === 0) {
    throw invalidValue('options.signals', 'must not be empty', checked.signals);
  }
  const exit = new ExitOnSignals([...new Set(signals)], chooseEscalation<never>(checked));
  const undo = (): void => exit.undo();
  return Object.assign(undo, { [Symbol.dispose]: undo });
}
