/** Buffers what happens to a child for one `for await` loop; ends after the exit. */
import type { ChildState } from './state.js';

export class ChangeQueue implements AsyncIterableIterator<ChildState> {
  readonly #waiting: ChildState[] = [];
  #wake: (() => void) | undefined;
  #ended = false;
  readonly #onReturn: (queue: ChangeQueue) => void;

  constructor(onReturn: (queue: ChangeQueue) => void) {
    this.#onReturn = onReturn;
  }

  push(change: ChildState): void {
    if (this.#ended) return;
    this.#waiting.push(change);
    if (change.state === 'exited') this.#ended = true;
    this.#wake?.();
  }

  async next(): Promise<IteratorResult<ChildState, undefined>> {
    for (;;) {
      const change = this.#waiting.shift();
      if (change !== undefined) return { done: false, value: change };
      if (this.#ended) return { done: true, value: undefined };
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  return(): Promise<IteratorResult<ChildState, undefined>> {
    this.#ended = true;
    this.#waiting.length = 0;
    this.#wake?.();
    this.#onReturn(this);
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
