/**
 * Programs that read from each other, as a shell's `a | b | c`. What flows between them is the kernel's
 * business: each is named its end of a pipe in its call, and ours are closed when all calls are made.
 */
import { closeSync } from 'node:fs';

import { onAbort } from '../abort.js';
import type { Child } from '../child/child.js';
import { now } from '../clock.js';
import type { Completion, CompletionStatus } from '../completion.js';
import { invalidType, invalidValue, systemError } from '../errors/index.js';
import { binding } from '../native/binding.js';
import {
  COMMAND_KEYS,
  PIPELINE_KEYS,
  STAGE_KEYS,
  type PipelineCommand,
  type PipelineOptions,
} from '../options/pipeline-options.js';
import {
  checkAbortSignal,
  checkList,
  checkOptions,
  checkText,
  isArray,
} from '../options/validate.js';
import { planJob, runPlanned, type PlannedJob } from '../run/run.js';

export interface PipelineCompletion<Output = string> {
  /**
   * What the stages' come to, as with a shell's pipefail: `completed` if all of them completed; else
   * `error`, `timeout`, `terminated` or `failed`, whichever comes first here. One that was ended by
   * SIGPIPE, since the next one wanted no more of its output (`yes | head -1`), has not failed.
   */
  readonly status: CompletionStatus;
  /** Of each program, in order. */
  readonly stages: readonly Completion<Output>[];
  /** The last one's. */
  readonly stdout: Output;
  /** Milliseconds from the call to the result. */
  readonly durationMs: number;
  /** Of the first stage of that status that has one. */
  readonly error?: Error;
}

interface Stage {
  readonly file: unknown;
  readonly args: unknown;
  readonly options: Record<string, unknown>;
}

/**
 * Runs programs that read from each other, to the end of all of them. Rejects only for bad arguments
 * (TypeError, RangeError), before anything has started, and where no pipe can be had (EMFILE). One that
 * can't be started, the `timeout` and the `signal` end all of them.
 */
export function pipeline(
  commands: readonly PipelineCommand<Child, Buffer>[],
  options: PipelineOptions<Child, Buffer> & { readonly encoding: 'buffer' },
): Promise<PipelineCompletion<Buffer>>;
export function pipeline(
  commands: readonly PipelineCommand<Child>[],
  options?: PipelineOptions<Child>,
): Promise<PipelineCompletion>;
export async function pipeline(
  commands: readonly PipelineCommand<Child>[] | readonly PipelineCommand<Child, Buffer>[],
  options?: PipelineOptions<Child> | PipelineOptions<Child, Buffer>,
): Promise<PipelineCompletion<string | Buffer>> {
  const startedAt = now();
  const { signal, stdio, input, ...common } = checkOptions(options, PIPELINE_KEYS);
  const stages = checkList('commands', commands, 'commands', checkCommand);
  if (stages.length === 0) throw invalidValue('commands', 'must not be empty', commands);
  const ends = checkEnds(stdio, input);
  const outside = signal === undefined ? undefined : checkAbortSignal('options.signal', signal);
  const inside = new AbortController();
  const abort = (): void => inside.abort((outside as { reason?: unknown } | undefined)?.reason);
  if (outside?.aborted === true) abort();
  const pipes: number[] = [];
  let running: Promise<Completion<string | Buffer>>[];
  try {
    const last = stages.length - 1;
    let reading: unknown = ends[0];
    const jobs = stages.map(({ file, args, options: own }, index): PlannedJob => {
      const [next, writing] = index === last ? [undefined, ends[1]] : makePipe(pipes);
      const all = { ...common, ...own, signal: inside.signal, stdio: [reading, writing, ends[2]] };
      reading = next;
      return planJob(file, args, index === 0 && input !== undefined ? { ...all, input } : all);
    });
    // Each takes what it names before it returns.
    running = jobs.map((job) => runPlanned(job));
  } finally {
    for (const fd of pipes) closeSync(fd);
  }
  const callOff = outside && onAbort(outside, abort);
  for (const each of running) {
    void each.then(({ pid, status }) => {
      if (pid === null && status === 'error') inside.abort();
    });
  }
  const completions = await Promise.all(running);
  callOff?.();
  return judge(completions, now() - startedAt);
}

function checkCommand(name: string, command: unknown): Stage {
  if (isArray(command)) {
    const [file, ...args] = checkList(name, command, 'strings', checkText);
    return { file, args, options: {} };
  }
  if (typeof command !== 'object' || command === null) {
    throw invalidType(name, 'an array of a program and its arguments, or an object', command);
  }
  const { file, args, options } = checkOptions(command, COMMAND_KEYS, name);
  return { file, args, options: checkOptions(options, STAGE_KEYS, `${name}.options`) };
}

function checkEnds(stdio: unknown, input: unknown): readonly unknown[] {
  if (stdio !== undefined && (!isArray(stdio) || stdio.length > 3)) {
    throw invalidType('options.stdio', 'an array of at most three', stdio);
  }
  const [first, last, error] = stdio ?? [];
  return [first ?? (input === undefined ? 'ignore' : 'pipe'), last ?? 'pipe', error ?? 'pipe'];
}

const ends = new Int32Array(2);

/** The end to read from and the end to write to, which are to be closed. */
function makePipe(pipes: number[]): readonly [number, number] {
  const errno = binding.makePipe(ends);
  if (errno < 0) throw systemError(errno, 'pipe2');
  const [reading = -1, writing = -1] = ends;
  pipes.push(reading, writing);
  return [reading, writing];
}

const WORST_FIRST: readonly CompletionStatus[] = ['error', 'timeout', 'terminated', 'failed'];

function judge<Output extends string | Buffer>(
  stages: readonly Completion<Output>[],
  durationMs: number,
): PipelineCompletion<Output> {
  const last = stages.at(-1);
  if (last === undefined) throw new Error('a pipeline without a program');
  const statuses = stages.map(({ status, exit }, index) => {
    const readerEnded = index < stages.length - 1 && exit?.signal === 'SIGPIPE';
    return status === 'failed' && readerEnded ? 'completed' : status;
  });
  const status = WORST_FIRST.find((each) => statuses.includes(each)) ?? 'completed';
  // Those that were called off because of another one have an error as well.
  const told = (stage: Completion<Output>): boolean => stage.status === status;
  const error = stages.find((stage) => told(stage) && stage.error !== undefined)?.error;
  const result = { status, stages, stdout: last.stdout, durationMs };
  return error === undefined ? result : { ...result, error };
}
