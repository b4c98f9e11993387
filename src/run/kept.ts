/** What is kept of output that may be longer than we may keep: its head, its tail, or both ends. */
import { withoutRest, withoutUnfinished } from './characters.js';
import { Pieces } from './pieces.js';

export type Keep = 'head' | 'tail' | 'ends';

export interface KeptOutput<Output> {
  readonly output: Output;
  /** Bytes that came and are not in it. */
  readonly omitted: number;
}

export class Kept {
  readonly #wanted: number;
  readonly #headRoom: number;
  readonly #tailRoom: number;
  readonly #head = new Pieces();
  readonly #tail = new Pieces();
  #total = 0;

  /** Keeps `wanted` bytes, but no more than `longest`; holds about as many. */
  constructor(wanted: number, longest: number, keep: Keep) {
    this.#wanted = wanted;
    const limit = Math.min(wanted, longest);
    if (keep === 'ends') this.#headRoom = Math.floor(limit / 2);
    else this.#headRoom = keep === 'head' ? limit : 0;
    this.#tailRoom = limit - this.#headRoom;
  }

  /** Bytes that came, kept or not. */
  get total(): number {
    return this.#total;
  }

  /** There was more than may be kept. */
  get isCut(): boolean {
    return this.#total > this.#headRoom + this.#tailRoom;
  }

  /** There was more than can be returned, and it was wanted. */
  get isTooLong(): boolean {
    return this.isCut && this.#wanted > this.#headRoom + this.#tailRoom;
  }

  /** Keeps `chunk` itself: nobody may write to it from here on. */
  add(chunk: Buffer): void {
    this.#total += chunk.length;
    const room = this.#headRoom - this.#head.length;
    if (chunk.length <= room) {
      this.#head.push(chunk);
      return;
    }
    if (room > 0) this.#head.push(chunk.subarray(0, room));
    if (this.#tailRoom === 0) return;
    this.#tail.push(chunk.subarray(room));
    this.#tail.dropTo(this.#tailRoom);
  }

  toBytes(): KeptOutput<Buffer> {
    const [head, tail] = this.#parts();
    const output = tail.length === 0 ? head : Buffer.concat([head, tail]);
    return { output, omitted: this.#total - output.length };
  }

  /**
   * Characters that a cut went through are left out. `ended`: there is no more, so that a character
   * which is not whole at the end never will be, and is replaced.
   */
  toText(ended: boolean): KeptOutput<string> {
    if (!this.isCut) {
      const bytes = this.toBytes().output;
      const whole = ended ? bytes : withoutUnfinished(bytes);
      return { output: whole.toString('utf8'), omitted: bytes.length - whole.length };
    }
    const parts = this.#parts();
    const head = withoutUnfinished(parts[0]);
    const rest = withoutRest(parts[1]);
    const tail = ended ? rest : withoutUnfinished(rest);
    return {
      output: head.toString('utf8') + tail.toString('utf8'),
      omitted: this.#total - head.length - tail.length,
    };
  }

  #parts(): [Buffer, Buffer] {
    const tail = this.#tail.toBuffer();
    return [this.#head.toBuffer(), tail.subarray(Math.max(0, tail.length - this.#tailRoom))];
  }
}
