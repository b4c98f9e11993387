/** Validates what `run` takes on top of `spawn`'s options. */
import { AsyncResource } from 'node:async_hooks';

import { invalidValue } from '../errors/index.js';
import type { OutputLine } from '../options/output-line.js';
import type { Progress, RunInput } from '../options/run-options.js';
import type { StdioOption } from '../options/stdio.js';
import {
  checkBoolean,
  checkDuration,
  checkFunction,
  checkInteger,
  checkOneOf,
  isArray,
} from '../options/validate.js';
import { checkInput } from './input.js';
import type { Keep } from './kept.js';

export interface RunPlan {
  readonly input: RunInput | undefined;
  readonly encoding: 'utf8' | 'buffer';
  readonly maxBuffer: number;
  readonly keep: Keep;
  readonly all: boolean;
  readonly onOutput: ((chunk: string | Buffer, stream: OutputLine['from']) => void) | undefined;
  readonly onLine: ((line: OutputLine) => void) | undefined;
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

function planInput({ input, stdio }: Record<string, unknown>): RunInput | undefined {
  if (input === undefined) return undefined;
  const checked = checkInput('options.input', input);
  const first: unknown = isArray(stdio) ? stdio[0] : stdio;
  if (first !== undefined && first !== null && first !== 'pipe' && first !== 'overlapped') {
    throw invalidValue('options.input', "needs options.stdio[0] to be 'pipe'", input);
  }
  return checked;
}

// Called from a stream's events, but in the async context of the call.
function checkCallback<Args extends unknown[]>(
  name: string,
  value: unknown,
): (...args: Args) => void {
  return AsyncResource.bind(checkFunction<(...args: Args) => void>(name, value));
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
  const input = planInput(options);
  return {
    input,
    encoding: or('encoding', 'utf8', (name, value) => checkOneOf(name, value, ['utf8', 'buffer'])),
    maxBuffer: or('maxBuffer', MAX_BUFFER, (name, value) =>
      value === Infinity ? value : checkInteger(name, value, 0, Number.MAX_SAFE_INTEGER),
    ),
    keep: or('keep', 'ends', (name, value) => checkOneOf(name, value, ['head', 'tail', 'ends'])),
    all: or('all', false, checkBoolean),
    onOutput: or('onOutput', undefined, checkCallback<Parameters<RunPlan['onOutput'] & object>>),
    onLine: or('onLine', undefined, checkCallback<[OutputLine]>),
    stragglers: or('stragglers', 'terminate', (name, value) =>
      checkOneOf(name, value, ['terminate', 'leave']),
    ),
    drainIdle: or('drainIdle', DRAIN_IDLE, checkDuration),
    onProgress: or('onProgress', undefined, checkFunction<RunPlan['onProgress']>),
    progressInterval: or('progressInterval', PROGRESS_INTERVAL, (_, value) => checkInterval(value)),
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  };
}
