/**
 * A deadline on the monotonic clock (as setTimeout's is), of any length, that can be brought forward.
 */
import { clearTimeout, now, setTimeout } from './clock.js';

// setTimeout takes 31 bits of milliseconds and fires at once for more.
const LONGEST = 0x7fff_ffff;

export class Timer {
  readonly #onDue: () => void;
  #due: number;
  #handle: NodeJS.Timeout | undefined;
  #referenced = true;

  /** `delay` in milliseconds; Infinity never fires. */
  constructor(delay: number, onDue: () => void) {
    this.#onDue = onDue;
    this.#due = now() + delay;
    this.#arm();
  }

  /** Milliseconds left; 0 when due. */
  get left(): number {
    return Math.max(0, this.#due - now());
  }

  /** Fires in `delay` milliseconds from now, unless it fires earlier anyway. */
  shorten(delay: number): void {
    if (delay >= this.left) return;
    this.#due = now() + delay;
    this.clear();
    this.#arm();
  }

  clear(): void {
    clearTimeout(this.#handle);
    this.#handle = undefined;
  }

  /** Whether it keeps the event loop from ending. */
  reference(on: boolean): this {
    this.#referenced = on;
    if (on) this.#handle?.ref();
    else this.#handle?.unref();
    return this;
  }

  #arm(): void {
    if (this.#due === Infinity) return;
    const left = this.left;
    this.#handle = setTimeout(
      () => {
        if (left > LONGEST) this.#arm();
        else this.#onDue();
      },
      Math.min(left, LONGEST),
    );
    if (!this.#referenced) this.#handle.unref();
  }
}
