/**
 * The calls of `spawn` and `run` that have no child yet, waiting for their record or their exec, so that
 * they can be called off when everything is to end.
 */
import { setImmediate } from '../clock.js';
import { AbortError } from '../errors/index.js';
import { Slots } from '../native/slots.js';

const calls = new Slots<StartCall>();
let refusals = 0;

export class StartCall {
  readonly #what: string;
  readonly #number: number;
  #error: AbortError | undefined;
  #cancelAttempt: ((error: AbortError) => void) | undefined;
  #onOver: (() => void)[] = [];

  constructor(file: string) {
    this.#what = `spawn ${file}`;
    this.#number = calls.add(this);
  }

  /** Throws if the call was called off. */
  check(): void {
    if (this.#error !== undefined) throw this.#error;
  }

  /** How to call off the attempt that is under way from here on. */
  attempts(cancel: (error: AbortError) => void): void {
    this.#cancelAttempt = cancel;
  }

  /** It has a child, or has failed. */
  over(): void {
    calls.remove(this.#number);
    for (const tell of this.#onOver) tell();
  }

  /** Resolves when nothing is under way any more. */
  cancel(): Promise<void> {
    if (this.#error === undefined) {
      this.#error = abortedByAll(this.#what);
      this.#cancelAttempt?.(this.#error);
    }
    return new Promise((resolve) => this.#onOver.push(resolve));
  }
}

function abortedByAll(what: string): AbortError {
  return new AbortError(what, { reason: new Error('terminateAll() ends everything') });
}

/** Undefined: everything is ending, and nothing may start. */
export function beginStart(file: string): StartCall | undefined {
  return refusals > 0 ? undefined : new StartCall(file);
}

/**
 * Not at once: a program that starts something anew whenever something has ended would never let the
 * loop go on.
 */
export async function refuseStart(file: string): Promise<never> {
  await new Promise((resolve) => setImmediate(resolve));
  throw abortedByAll(`spawn ${file}`);
}

/** Until as many calls with false. */
export function refuseStarts(on: boolean): void {
  refusals += on ? 1 : -1;
}

export function cancelStarts(): Promise<void>[] {
  const all: Promise<void>[] = [];
  calls.forEach((call) => all.push(call.cancel()));
  return all;
}
