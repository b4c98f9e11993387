/**
 * One listener of ours on an AbortSignal, however many children it ends: a signal that a thousand jobs
 * share would else warn of a leak, and each of them would search a list of a thousand to let go of it.
 */

type Callback = () => void;

class AbortFan {
  readonly #signal: AbortSignal;
  readonly #callbacks = new Set<Callback>();

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  add(callback: Callback): void {
    if (this.#callbacks.size === 0) this.#signal.addEventListener('abort', this.#onAbort);
    this.#callbacks.add(callback);
  }

  remove(callback: Callback): void {
    if (!this.#callbacks.delete(callback) || this.#callbacks.size > 0) return;
    this.#signal.removeEventListener('abort', this.#onAbort);
  }

  // Each is called once: what one of them adds meanwhile waits for another event.
  readonly #onAbort = (): void => {
    const all = [...this.#callbacks];
    this.#callbacks.clear();
    this.#signal.removeEventListener('abort', this.#onAbort);
    for (const callback of all) callback();
  };
}

const fans = new WeakMap<AbortSignal, AbortFan>();

/**
 * Calls back once when the signal fires; at once never, also if it has fired already. Returns how to call
 * that off. `callback` must not throw, and must be a function of its own for each call.
 */
export function onAbort(signal: AbortSignal, callback: Callback): Callback {
  let fan = fans.get(signal);
  if (fan === undefined) {
    fan = new AbortFan(signal);
    fans.set(signal, fan);
  }
  const added = fan;
  added.add(callback);
  return () => added.remove(callback);
}
