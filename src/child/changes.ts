/** What happens to a process, for any number of `for await` loops. */
import { binding } from '../native/binding.js';
import type { Signal } from '../signals.js';
import type { ChildState } from './state.js';

/** Buffers for one loop; ends after the exit. */
class ChangeQueue implements AsyncIterableIterator<ChildState> {
  readonly #waiting: ChildState[] = [];
  readonly #wakers: (() => void)[] = [];
  #ended = false;
  /** What it is stopped by, as this loop knows. */
  #stop: Signal | undefined;
  readonly #onReturn: (queue: ChangeQueue) => void;

  constructor(onReturn: (queue: ChangeQueue) => void) {
    this.#onReturn = onReturn;
  }

  push(change: ChildState): void {
    const stop = change.state === 'stopped' ? change.signal : undefined;
    // A stop is told once more when somebody else begins to listen.
    if (this.#ended || (stop !== undefined && stop === this.#stop)) return;
    this.#stop = stop;
    this.#waiting.push(change);
    if (change.state === 'exited') this.#ended = true;
    this.#wakeAll();
  }

  #wakeAll(): void {
    for (const wake of this.#wakers.splice(0)) wake();
  }

  async next(): Promise<IteratorResult<ChildState, undefined>> {
    for (;;) {
      const change = this.#waiting.shift();
      if (change !== undefined) return { done: false, value: change };
      if (this.#ended) return { done: true, value: undefined };
      await new Promise<void>((resolve) => {
        this.#wakers.push(resolve);
      });
    }
  }

  return(): Promise<IteratorResult<ChildState, undefined>> {
    this.#ended = true;
    this.#waiting.length = 0;
    this.#wakeAll();
    this.#onReturn(this);
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

export class ChangeFeed {
  readonly #id: number;
  readonly #queues = new Set<ChangeQueue>();

  /** `id`: of the child. */
  constructor(id: number) {
    this.#id = id;
  }

  /** `over`: the exit has been told, and `now` is it. */
  subscribe(now: ChildState, over: boolean): AsyncIterableIterator<ChildState> {
    const queue = new ChangeQueue((ended) => this.#drop(ended));
    if (over) {
      queue.push(now);
    } else {
      this.#queues.add(queue);
      binding.adjustStopListeners(1);
      binding.tellPresentStop(this.#id);
    }
    return queue;
  }

  push(change: ChildState): void {
    for (const queue of this.#queues) {
      queue.push(change);
      if (change.state === 'exited') this.#drop(queue);
    }
  }

  #drop(queue: ChangeQueue): void {
    if (this.#queues.delete(queue)) binding.adjustStopListeners(-1);
  }
}
