/** Where UTF-8 may be cut. */

const NOTHING = Buffer.alloc(0);

const isContinuation = (byte: number | undefined): boolean =>
  byte !== undefined && (byte & 0xc0) === 0x80;

/** Bytes of a character that follow this one. */
function following(lead: number): number {
  if (lead < 0xc0 || lead >= 0xf8) return 0;
  if (lead < 0xe0) return 1;
  return lead < 0xf0 ? 2 : 3;
}

/** Without the bytes at its start that may be the rest of a character. */
export function withoutRest(bytes: Buffer): Buffer {
  let count = 0;
  while (count < 3 && isContinuation(bytes[count])) count++;
  return bytes.subarray(count);
}

/** Without the bytes at its end that begin a character and don't finish it. */
export function withoutUnfinished(bytes: Buffer): Buffer {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (isContinuation(byte)) continue;
    return following(byte) >= back ? bytes.subarray(0, bytes.length - back) : bytes;
  }
  return bytes;
}

/** Cuts a stream into chunks of whole characters; what is no UTF-8 passes as it is. */
export class WholeCharacters {
  #held = NOTHING;

  /** As much as is whole by now. */
  take(chunk: Buffer): Buffer {
    const bytes = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    const whole = withoutUnfinished(bytes);
    // Copied: three bytes should not hold on to a chunk.
    this.#held = Buffer.from(bytes.subarray(whole.length));
    return whole;
  }

  /** The beginning of a character whose rest has not come. */
  rest(): Buffer {
    const rest = this.#held;
    this.#held = NOTHING;
    return rest;
  }
}
