/**
 * Cuts a stream of bytes into lines. A line ends at \n or at \r\n and at nothing else: a lone \r, U+2028
 * and their like are text. Bytes are cut before they are decoded, so that a character which comes in two
 * pieces is whole; what is no UTF-8 becomes U+FFFD, as TextDecoder has it, and a byte order mark stays.
 */
import { constants } from 'node:buffer';

const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const NOTHING = Buffer.alloc(0);
const NONE: readonly never[] = Object.freeze([]);
// Whole blocks are decoded at once, as long as a line that somebody keeps holds on to no more than this.
const LARGE_BLOCK = 1024 * 1024;

/** The text of each line; the last one need not be ended. */
export function linesOf(bytes: Buffer): string[] {
  if (bytes.length > LARGE_BLOCK) return linesOneByOne(bytes);
  const lines = bytes.toString('utf8').split('\n');
  const last = lines.length - 1;
  for (let i = 0; i < last; i++) {
    const line = lines[i];
    if (line?.endsWith('\r') === true) lines[i] = line.slice(0, -1);
  }
  if (lines[last] === '') lines.pop();
  return lines;
}

function linesOneByOne(bytes: Buffer): string[] {
  const lines: string[] = [];
  for (let from = 0; from < bytes.length;) {
    const end = bytes.indexOf(NEWLINE, from);
    if (end < 0) {
      lines.push(bytes.toString('utf8', from));
      break;
    }
    const ended = end > from && bytes[end - 1] === CARRIAGE_RETURN ? end - 1 : end;
    lines.push(bytes.toString('utf8', from, ended));
    from = end + 1;
  }
  return lines;
}

/** What is left of `bytes` behind its first `count` lines. */
export function behindLines(bytes: Buffer, count: number): Buffer {
  let from = 0;
  for (let i = 0; i < count; i++) {
    const end = bytes.indexOf(NEWLINE, from);
    if (end < 0) return NOTHING;
    from = end + 1;
  }
  return bytes.subarray(from);
}

export class LineSplitter {
  /** The beginning of a line, in a buffer that may be longer. */
  #rest: Buffer = NOTHING;
  #length = 0;
  readonly #longest: number;

  /**
   * A line of more bytes than `longest` comes in pieces of whole characters. @default what fits into a
   * string, 512 MiB
   */
  constructor(longest: number = constants.MAX_STRING_LENGTH) {
    this.#longest = longest;
  }

  /** The lines that `chunk` completes. */
  push(chunk: Buffer): string[] {
    return this.cut(chunk).flatMap(linesOf);
  }

  /** There is no more: the last line, if it was not ended. */
  end(): string[] {
    return linesOf(this.takeRest());
  }

  /** As `push`, but not decoded: `linesOf` each. The blocks may share the memory of `chunk`. */
  cut(chunk: Buffer): readonly Buffer[] {
    const end = chunk.lastIndexOf(NEWLINE) + 1;
    if (this.#length + chunk.length > this.#longest) return this.#cutPieces(chunk);
    if (end === 0) {
      this.#keep(chunk);
      return NONE;
    }
    const block = this.#complete(chunk.subarray(0, end));
    if (end < chunk.length) this.#keep(chunk.subarray(end));
    return [block];
  }

  /** The beginning of a line whose end has not come; it is forgotten here. */
  takeRest(): Buffer {
    return this.#complete(NOTHING);
  }

  #complete(bytes: Buffer): Buffer {
    if (this.#length === 0) return bytes;
    const rest = this.#rest.subarray(0, this.#length);
    this.#rest = NOTHING;
    this.#length = 0;
    return bytes.length === 0 ? rest : Buffer.concat([rest, bytes]);
  }

  // Copied into one buffer that doubles: a long line in many small chunks costs no more than its length.
  #keep(bytes: Buffer): void {
    const length = this.#length + bytes.length;
    if (length > this.#rest.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(length, 2 * this.#rest.length));
      this.#rest.copy(larger, 0, 0, this.#length);
      this.#rest = larger;
    }
    bytes.copy(this.#rest, this.#length);
    this.#length = length;
  }

  // Line by line, since one of them may be too long.
  #cutPieces(chunk: Buffer): Buffer[] {
    const blocks: Buffer[] = [];
    for (let from = 0; from < chunk.length;) {
      const newline = chunk.indexOf(NEWLINE, from);
      const end = newline < 0 ? chunk.length : newline + 1;
      this.#keep(chunk.subarray(from, end));
      from = end;
      while (this.#textLength() > this.#longest) blocks.push(this.#takePiece());
      if (newline >= 0) blocks.push(this.takeRest());
    }
    return blocks;
  }

  /** Without its line end, or what may be the beginning of one. */
  #textLength(): number {
    let length = this.#length;
    if (length > 0 && this.#rest[length - 1] === NEWLINE) length--;
    if (length > 0 && this.#rest[length - 1] === CARRIAGE_RETURN) length--;
    return length;
  }

  #takePiece(): Buffer {
    const all = this.takeRest();
    const at = pieceEnd(all, this.#longest);
    this.#keep(all.subarray(at));
    return all.subarray(0, at);
  }
}

/** Where a piece of at most `longest` bytes may end: not within a character, nor within \r\n. */
function pieceEnd(bytes: Buffer, longest: number): number {
  let at = longest;
  for (let back = 0; back < 3 && isContinuation(bytes[at]); back++) at--;
  // Bytes that are no UTF-8 anyway.
  if (isContinuation(bytes[at])) at = longest;
  if (bytes[at - 1] === CARRIAGE_RETURN) at--;
  return at > 0 ? at : longest;
}

function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}
