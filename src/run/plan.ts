/** Validates what `run` takes on top of `spawn`'s options. */
import { Readable } from 'node:stream';

import { invalidType, invalidValue } from '../errors/index.js';
import type { Progress } from '../options/run-options.js';
import type { StdioOption } from '../options/stdio.js';
import { checkDuration, checkFunction, checkInteger, checkOneOf } from '../options/validate.js';

export interface RunPlan {
  readonly input: string | Uint8Array | Readable | undefined;
  readonly encoding: 'utf8' | 'buffer';
  readonly maxBuffer: number;
  readonly stragglers: 'terminate' | 'leave';
  readonly drainIdle: number;
  readonly onProgress: ((progress: Progress) => void) | undefined;
  readonly progressInterval: number;
  /** Where the caller does not say. */
  readonly stdio: StdioOption;
}

const MAX_BUFFER = 64 * 1024 * 1024;
const DRAIN_IDLE = 100;
const PROGRESS_INTERVAL = 30_000;

function checkInput(options: Record<string, unknown>): RunPlan['input'] {
  const { input, stdio } = options;
  if (input === undefined) return undefined;
  if (typeof input !== 'string' && !(input instanceof Uint8Array) && !(input instanceof Readable)) {
    throw invalidType('options.input', 'a string, a Uint8Array or a Readable', input);
  }
  const first: unknown = Array.isArray(stdio) ? stdio[0] : stdio;
  if (first !== undefined && first !== null && first !== 'pipe') {
    throw invalidValue('options.input', "needs options.stdio[0] to be 'pipe'", input);
  }
  return input;
}

function checkInterval(value: unknown): number {
  const interval = checkDuration('options.progressInterval', value);
  if (interval === 0) throw invalidValue('options.progressInterval', 'must be more than 0', value);
  return interval;
}

/** `options` has passed checkOptions. */
export function planRun(options: Record<string, unknown>): RunPlan {
  const or = <T>(key: string, fallback: T, check: (name: string, value: unknown) => T): T =>
    options[key] === undefined ? fallback : check(`options.${key}`, options[key]);
  const input = checkInput(options);
  return {
    input,
    encoding: or('encoding', 'utf8', (name, value) => checkOneOf(name, value, ['utf8', 'buffer'])),
    maxBuffer: or('maxBuffer', MAX_BUFFER, (name, value) =>
      value === Infinity ? value : checkInteger(name, value, 0, Number.MAX_SAFE_INTEGER),
    ),
    stragglers: or('stragglers', 'terminate', (name, value) =>
      checkOneOf(name, value, ['terminate', 'leave']),
    ),
    drainIdle: or('drainIdle', DRAIN_IDLE, checkDuration),
    onProgress: or('onProgress', undefined, checkFunction<RunPlan['onProgress']>),
    progressInterval: or('progressInterval', PROGRESS_INTERVAL, (_, value) => checkInterval(value)),
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  };
}
