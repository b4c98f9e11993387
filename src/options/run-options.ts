/** What `run` takes on top of `spawn`'s options. Times are milliseconds. */
import type { Readable } from 'node:stream';

import type { ResourceUsage } from '../exit.js';
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

export interface RunOptions<Target = unknown> extends SpawnOptions<Target> {
  /** Written to standard input, which is closed after it. @default none: stdin is /dev/null */
  readonly input?: string | Uint8Array | Readable | undefined;
  /** `'utf8'`: output as strings; `'buffer'`: as bytes. @default 'utf8' */
  readonly encoding?: 'utf8' | 'buffer' | undefined;
  /**
   * Most bytes kept of each captured stream; the rest is read, dropped, and sets `truncated`.
   * @default 67108864 (64 MiB)
   */
  readonly maxBuffer?: number | undefined;
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
  ...['input', 'encoding', 'maxBuffer', 'stragglers', 'drainIdle', 'onProgress'],
  'progressInterval',
];
