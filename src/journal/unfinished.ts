/** The records that are not finished, and the ids that they hold. */
import { isFinished, type RecordState } from './fold.js';
import { isOurWorld } from './world.js';

export class Unfinished {
  readonly #states: Map<string, RecordState>;
  /** Id to the key of the record that holds it. */
  readonly #holders = new Map<string, string>();

  constructor(found: ReadonlyMap<string, RecordState>) {
    this.#states = new Map(found);
    for (const state of found.values()) this.#take(state);
  }

  // A job of another boot can't be running any more, so its id is free.
  #take(state: RecordState): void {
    const { id, key } = state.starting;
    if (isFinished(state)) this.#free(state);
    else if (isOurWorld(state.starting) !== 'boot') this.#holders.set(id, key);
  }

  #free({ starting: { id, key } }: RecordState): void {
    if (this.#holders.get(id) === key) this.#holders.delete(id);
  }

  get(key: string): RecordState | undefined {
    return this.#states.get(key);
  }

  values(): Iterable<RecordState> {
    return this.#states.values();
  }

  isHeld(id: string): boolean {
    return this.#holders.has(id);
  }

  set(state: RecordState): void {
    this.#states.set(state.starting.key, state);
    this.#take(state);
  }

  delete(key: string): void {
    const state = this.#states.get(key);
    if (state === undefined) return;
    this.#states.delete(key);
    this.#free(state);
  }
}
