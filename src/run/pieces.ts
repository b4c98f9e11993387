/**
 * Bytes in the order in which they came: cheap to add to at the end, and to drop from at the front.
 *
 * Large chunks are kept as they are. Small ones are copied into blocks, since a chunk of one byte takes
 * a hundred times its size.
 */

const LARGE = 8 * 1024;
const FIRST_BLOCK = 4 * 1024;
const LARGEST_BLOCK = 64 * 1024;

export class Pieces {
  readonly #pieces: Buffer[] = [];
  #length = 0;
  /** Behind the pieces; its first `#filled` bytes count. */
  #block: Buffer | undefined;
  #filled = 0;
  #blockSize = FIRST_BLOCK;

  get length(): number {
    return this.#length;
  }

  /** Large chunks are not copied. */
  push(chunk: Buffer): void {
    // The first may well be the last.
    if (this.#length === 0 || chunk.length >= LARGE) {
      this.#closeBlock();
      this.#pieces.push(chunk);
    } else {
      this.#copy(chunk);
    }
    this.#length += chunk.length;
  }

  #copy(chunk: Buffer): void {
    if (this.#block === undefined || this.#block.length - this.#filled < chunk.length) {
      this.#closeBlock();
      this.#block = Buffer.allocUnsafeSlow(Math.max(chunk.length, this.#blockSize));
      this.#blockSize = Math.min(2 * this.#blockSize, LARGEST_BLOCK);
    }
    chunk.copy(this.#block, this.#filled);
    this.#filled += chunk.length;
  }

  #closeBlock(): void {
    if (this.#block !== undefined) this.#pieces.push(this.#block.subarray(0, this.#filled));
    this.#block = undefined;
    this.#filled = 0;
  }

  /** Drops pieces from the front, whole ones only, as long as the last `count` bytes stay. */
  dropTo(count: number): void {
    for (;;) {
      const first = this.#pieces[0];
      if (first === undefined || this.#length - first.length < count) return;
      this.#pieces.shift();
      this.#length -= first.length;
    }
  }

  /** Copied only if there are several pieces. */
  toBuffer(): Buffer {
    this.#closeBlock();
    const [first] = this.#pieces;
    if (first !== undefined && this.#pieces.length === 1) return first;
    return Buffer.concat(this.#pieces);
  }
}
