/** What `pipeline` takes. Times are milliseconds. */
import { RUN_KEYS, type RunOptions } from './run-options.js';
import type { StdioEntry } from './stdio.js';

type Whole = 'input' | 'stdio' | 'encoding' | 'signal' | 'timeout' | 'all';

/** One program's own options; what is left out is the pipeline's. */
export type StageOptions<Target = unknown, Chunk = string> = Omit<RunOptions<Target, Chunk>, Whole>;

/** A program and its arguments, with options of its own or without. */
export type PipelineCommand<Target = unknown, Chunk = string> =
  | readonly [file: string, ...args: string[]]
  | {
      readonly file: string;
      readonly args?: readonly string[] | undefined;
      readonly options?: StageOptions<Target, Chunk> | undefined;
    };

/**
 * The options of `run`, for each program: `input` is the first one's, `timeout` and `signal` end all of
 * them together.
 */
export interface PipelineOptions<Target = unknown, Chunk = string> extends Omit<
  RunOptions<Target, Chunk>,
  'id' | 'argv0' | 'all' | 'stdio'
> {
  /**
   * The first program's standard input, the last one's standard output, and everybody's standard error.
   * @default ['ignore' without input, 'pipe', 'pipe']
   */
  readonly stdio?:
    readonly [input?: StdioEntry, output?: StdioEntry, error?: StdioEntry] | undefined;
}

const WHOLE: readonly string[] = ['input', 'stdio', 'encoding', 'signal', 'timeout', 'all'];
const OF_ONE: readonly string[] = ['id', 'argv0', 'all'];

export const PIPELINE_KEYS = new Set(RUN_KEYS.filter((key) => !OF_ONE.includes(key)));
export const STAGE_KEYS = new Set(RUN_KEYS.filter((key) => !WHOLE.includes(key)));
export const COMMAND_KEYS = new Set(['file', 'args', 'options']);
