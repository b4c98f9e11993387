/**
 * Things under numbers that are never used twice in a row.
 *
 * Not a Map: one whose entries come and go all the time is built anew again and again, and each old
 * table refers to the next; once one of them is in V8's old generation, everything that passes through
 * survives until the next full collection.
 */
const SLOT_BITS = 20;
const SLOTS = 2 ** SLOT_BITS;
// Numbers are 32 bits wide in the addon.
const GENERATIONS = 2 ** (32 - SLOT_BITS);

export class Slots<T> {
  readonly #values: (T | undefined)[] = [];
  readonly #numbers: number[] = [];
  readonly #free: number[] = [];

  /** Its number: an integer from 1 to 2^32 - 1. */
  add(value: T): number {
    const slot = this.#free.pop() ?? this.#values.length;
    if (slot === SLOTS) throw new RangeError(`more than ${SLOTS} at once`);
    const number = this.#numbers[slot] ?? slot + SLOTS;
    this.#values[slot] = value;
    this.#numbers[slot] = number;
    return number;
  }

  get(number: number): T | undefined {
    const slot = number % SLOTS;
    return this.#numbers[slot] === number ? this.#values[slot] : undefined;
  }

  remove(number: number): void {
    if (this.get(number) === undefined) return;
    const slot = number % SLOTS;
    this.#values[slot] = undefined;
    // Whoever still has the old number finds nothing. 0 of the last generation would be number 0.
    const generation = Math.floor(number / SLOTS) + 1;
    this.#numbers[slot] = slot + SLOTS * (generation === GENERATIONS ? 1 : generation);
    this.#free.push(slot);
  }

  forEach(visit: (value: T) => void): void {
    for (const value of [...this.#values]) if (value !== undefined) visit(value);
  }
}
