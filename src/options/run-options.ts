/** What `run` takes on top of `spawn`'s options. Times are milliseconds. */
import type { Blob } from 'node:buffer';
import type { ReadableStream } from 'node:stream/web';

import type { ResourceUsage } from '../exit.js';
import type { OutputLine } from './output-line.js';
import { SPAWN_KEYS, type SpawnOptions } from './spawn-options.js';

export interface Progress {
  readonly pid: number;
  /** Milliseconds since the call. */
  readonly elapsedMs: number;
  /** Bytes that came through the captured pipes so far. */
  readonly stdoutBytes: number;
  readonly stderrBytes: number;
  /** Of the leader, so far. */
  readonly usage: ResourceUsage;
}

/**
 * Text, bytes, or what gives them in pieces: a stream of Node's or of the web's, a Blob, an iterable.
 */
export type RunInput =
  | string
  | NodeJS.ArrayBufferView
  | ArrayBuffer
  | SharedArrayBuffer
  | NodeJS.ReadableStream
  | ReadableStream
  // The DOM's type, which a program may be compiled with, is not assignable to Node's as a whole.
  | Pick<Blob, 'size' | 'type' | 'arrayBuffer'>
  | Iterable<string | Uint8Array>
  | AsyncIterable<string | Uint8Array>;

export interface RunOptions<Target = unknown, Chunk = string> extends SpawnOptions<Target> {
  /**
   * Written to standard input, which is closed after it. Bytes are copied in the call. If a stream or an
   * iterable fails, or gives something else than strings and bytes, the program sees the end of its
   * input and the completion is an `error` with what it failed with. What the program did not read is
   * destroyed, cancelled or returned; but `process.stdin`, a socket and an HTTP request are left open,
   * paused as they were, without what had been read ahead. @default none: stdin is /dev/null
   */
  readonly input?: RunInput | undefined;
  /** `'utf8'`: output as strings; `'buffer'`: as bytes. @default 'utf8' */
  readonly encoding?: 'utf8' | 'buffer' | undefined;
  /**
   * Most bytes kept of each captured stream; the rest is read, dropped, and sets `truncated`. Of more
   * than can be returned (a string holds 512 MiB, a Buffer in Node 20 4 GiB) as much is kept, and the
   * completion is an `error` (ERR_REAPWELL_OUTPUT_TOO_LONG). @default 67108864 (64 MiB)
   */
  readonly maxBuffer?: number | undefined;
  /**
   * Which part of a longer stream is kept: its beginning, its end, or half and half, joined. As text
   * without the characters that a cut goes through. @default 'ends'
   */
  readonly keep?: 'head' | 'tail' | 'ends' | undefined;
  /**
   * Also keep both outputs together, up to twice `maxBuffer`, in the order in which they were read.
   * They come through a pipe each: of what is written to both within the same moment (a fraction of a
   * millisecond, more while the event loop is busy) the order can't be known, except for that of each.
   * @default false
   */
  readonly all?: boolean | undefined;
  /**
   * Called with output as it comes, kept or not: strings of whole characters, or bytes with `encoding:
   * 'buffer'`. What it throws is an uncaught exception; the job goes on.
   */
  readonly onOutput?: ((chunk: Chunk, stream: 'stdout' | 'stderr') => void) | undefined;
  /**
   * Called with each line of text as it is completed, without its \n or \r\n, whatever the encoding; the
   * last one need not be ended. One of more than 64 MiB comes in pieces.
   */
  readonly onLine?: ((line: OutputLine) => void) | undefined;
  /**
   * What happens to the rest of the scope when the leader exits by itself: ended by the escalation,
   * or left to run. @default 'terminate'
   */
  readonly stragglers?: 'terminate' | 'leave' | undefined;
  /**
   * After the exit, captured output is read until the pipes close or have been silent for this long;
   * each chunk starts it anew, up to twenty times as long in all. @default 100
   */
  readonly drainIdle?: number | undefined;
  /** Called every `progressInterval` while the job runs. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  /** @default 30000 */
  readonly progressInterval?: number | undefined;
}

export const RUN_KEYS: readonly string[] = [
  ...SPAWN_KEYS,
  ...['input', 'encoding', 'maxBuffer', 'keep', 'all', 'onOutput', 'onLine', 'stragglers'],
  ...['drainIdle', 'onProgress', 'progressInterval'],
];
