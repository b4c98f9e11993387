/** Reads what a pipe holds at this moment, without waiting and without a socket. */
import { readSync } from 'node:fs';

export interface Available {
  readonly chunks: readonly Buffer[];
  /** The other end is closed, and nothing is left. */
  readonly ended: boolean;
}

/** What a pipe holds unless it was enlarged. */
const CHUNK = 64 * 1024;

let scratch: Buffer | undefined;

/** `fd` is non-blocking. About `limit` bytes at most. Throws what read(2) does, but for EAGAIN. */
export function readAvailable(fd: number, limit: number): Available {
  scratch ??= Buffer.allocUnsafeSlow(CHUNK);
  const chunks: Buffer[] = [];
  for (let total = 0; total < limit;) {
    let length: number;
    try {
      length = readSync(fd, scratch);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') break;
      throw error;
    }
    if (length === 0) return { chunks, ended: true };
    chunks.push(Buffer.from(scratch.subarray(0, length)));
    total += length;
  }
  return { chunks, ended: false };
}
