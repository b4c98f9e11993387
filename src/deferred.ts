/**
 * A promise and its resolver. It never rejects, so nothing is ever left unhandled. The promise is made
 * when somebody asks for it: most children have several that nobody does.
 */
export class Deferred<T> {
  #promise: Promise<T> | undefined;
  #settle: ((value: T) => void) | undefined;
  #outcome: { readonly value: T } | undefined;

  get promise(): Promise<T> {
    this.#promise ??=
      this.#outcome === undefined
        ? new Promise<T>((resolve) => {
            this.#settle = resolve;
          })
        : Promise.resolve(this.#outcome.value);
    return this.#promise;
  }

  /** What it is called with first, counts. */
  resolve(value: T): void {
    if (this.#outcome !== undefined) return;
    this.#outcome = { value };
    this.#settle?.(value);
  }
}
