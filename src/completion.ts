/** The result of a whole job. */
import { AbortError, TimeoutError } from './errors/index.js';
import type { Exit, ResourceUsage } from './exit.js';
import type { Termination } from './terminate/termination.js';

/**
 * `completed`: exit code 0. `failed`: another code, or a signal that we did not send. `timeout`: we
 * ended it because its time was up. `terminated`: we ended it for another reason. `error`: it could
 * not be started, watched or ended; `error` says why.
 */
export type CompletionStatus = 'completed' | 'failed' | 'timeout' | 'terminated' | 'error';

export interface Completion<Output = string> {
  readonly status: CompletionStatus;
  /** The leader's exit; null if it was never started, or could not be ended. */
  readonly exit: Exit | null;
  /** How it was ended, or how its stragglers were; `natural` if nothing had to be ended. */
  readonly termination: Termination | { readonly method: 'natural' };
  /** null if it was never started. */
  readonly pid: number | null;
  /** Milliseconds from the call to the result. */
  readonly durationMs: number;
  readonly stdout: Output;
  readonly stderr: Output;
  /** Output is missing: more than `maxBuffer`, or still coming when the wait for it was over. */
  readonly truncated: boolean;
  /** Bytes that came on both outputs and are not in `stdout` or `stderr`. */
  readonly omittedBytes: number;
  /** Both outputs in the order in which they were read, with `all: true`. */
  readonly all?: Output;
  readonly usage: ResourceUsage | null;
  /** `'oom'`: the kernel's out-of-memory killer ended processes of its cgroup. */
  readonly cause?: 'oom';
  readonly error?: Error;
}

/** An error as a journal keeps it. */
export interface ErrorRecord {
  readonly name: string;
  readonly message: string;
  readonly code?: string;
}

/** A completion as a journal keeps it: without the output. */
export interface CompletionRecord extends Omit<
  Completion,
  'stdout' | 'stderr' | 'all' | 'error' | 'truncated' | 'omittedBytes'
> {
  /** Of `run` only. */
  readonly truncated?: boolean;
  /** Of `run` only. */
  readonly omittedBytes?: number;
  readonly error?: ErrorRecord;
}

export function errorRecord(error: unknown): ErrorRecord {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error) };
  const code = (error as { code?: unknown }).code;
  const { name, message } = error;
  return typeof code === 'string' ? { name, message, code } : { name, message };
}

/** Of a job that never started: `error`, or why its start was called off. */
export function statusOfFailure(error: Error): 'error' | 'timeout' | 'terminated' {
  if (error instanceof TimeoutError) return 'timeout';
  return error instanceof AbortError ? 'terminated' : 'error';
}
