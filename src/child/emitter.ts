/** An event emitter that the native side learns of when somebody listens for stops. */
import { EventEmitter } from 'node:events';

import { queueMicrotask } from '../clock.js';
import { binding } from '../native/binding.js';
import type { Signal } from '../signals.js';
import type { ChildEvents } from './setup.js';

interface Stop {
  readonly signal: Signal;
  /** Of the listeners, those that have been told of it. */
  informed: readonly unknown[];
}

/** Those of `all` that are not in `some`; a function that was added twice is there twice. */
function without<T>(all: readonly T[], some: readonly unknown[]): T[] {
  const left = [...some];
  return all.filter((each) => {
    const at = left.indexOf(each);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
}

export class ProcessEmitter extends EventEmitter<ChildEvents> {
  readonly #id: number;
  /** The one that is. */
  #stop: Stop | undefined;

  constructor(id: number) {
    super();
    this.#id = id;
    this.#watchListeners();
  }

  #watchListeners(): void {
    this.on('newListener' as never, ProcessEmitter.#added as never);
    this.on('removeListener' as never, ProcessEmitter.#removed as never);
  }

  // Without the claim on SIGCHLD, stops are looked for only while somebody wants to know. Whoever begins
  // to listen is told the state that is; the answer comes as an event, when the listener is there.
  static #added(this: ProcessEmitter, name: string | symbol): void {
    if (name !== 'stop' && name !== 'continue') return;
    binding.adjustStopListeners(1);
    binding.tellPresentStop(this.#id);
  }

  static #removed(this: ProcessEmitter, name: string | symbol): void {
    if (name !== 'stop' && name !== 'continue') return;
    binding.adjustStopListeners(-1);
    const stop = this.#stop;
    if (stop === undefined) return;
    // Who goes and comes back is told again.
    const gone = without(stop.informed, this.rawListeners('stop'));
    stop.informed = without(stop.informed, gone);
  }

  override removeAllListeners(...names: Parameters<EventEmitter['removeAllListeners']>): this {
    super.removeAllListeners(...(names as []));
    if (this.listenerCount('newListener' as never) === 0) this.#watchListeners();
    return this;
  }

  /** Tells a stop to those who don't know of it yet. */
  protected tellStop(signal: Signal): void {
    if (this.#stop?.signal !== signal) this.#stop = { signal, informed: [] };
    const stop = this.#stop;
    try {
      for (const listener of without(this.rawListeners('stop'), stop.informed)) {
        stop.informed = [...stop.informed, listener];
        Reflect.apply(listener as () => void, this, [signal]);
      }
    } catch (error) {
      throwLater(error);
    }
  }

  protected tellContinue(): void {
    this.#stop = undefined;
    this.tell('continue');
  }

  // A listener that throws is the program's uncaught exception, but must not keep the other children
  // of the same wake-up from being told.
  protected tell<Name extends keyof ChildEvents>(name: Name, ...args: ChildEvents[Name]): void {
    try {
      (this as EventEmitter).emit(name, ...args);
    } catch (error) {
      throwLater(error);
    }
  }
}

function throwLater(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
