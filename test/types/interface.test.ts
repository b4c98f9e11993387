// The published interface, to the last field: checked by tsc, which the lint step runs. The journal's and
// telemetry's have files of their own.
import type { ChildProcess } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { expectTypeOf, test } from 'vitest';
import {
  attach,
  type AttachOptions,
  type Child,
  type ChildState,
  type Completion,
  type CompletionStatus,
  type Ended,
  type EndedBy,
  type EnvironmentValue,
  type EscalationOptions,
  type EscalationStep,
  type Exit,
  exitOnSignals,
  type ExitOnSignalsOptions,
  type NotEnded,
  type OutputLine,
  pipeline,
  type PipelineCompletion,
  posix,
  type Process,
  type ProcessIdentity,
  type ProcessInfo,
  type Progress,
  type ResourceUsage,
  run,
  type RunInput,
  type RunOptions,
  type Scope,
  type Signal,
  spawn,
  type SpawnOptions,
  type StepName,
  type StepReport,
  type Survivor,
  type Survivors,
  terminateAll,
  type TerminatedChild,
  type Termination,
  type UndoExitOnSignals,
  type WaitidResult,
  type WaitOptions,
  type WaitpidResult,
} from '../../src/index.js';

test('what starts a process', () => {
  expectTypeOf(spawn).parameters.toEqualTypeOf<
    [file: string, args?: readonly string[] | undefined, options?: SpawnOptions<Child> | undefined]
  >();
  expectTypeOf(spawn).returns.toEqualTypeOf<Promise<Child>>();
  const text = () => run('x');
  const bytes = () => run('x', [], { encoding: 'buffer' });
  expectTypeOf(text).returns.toEqualTypeOf<Promise<Completion>>();
  expectTypeOf(bytes).returns.toEqualTypeOf<Promise<Completion<Buffer>>>();
  const both = () => run('x', [], { all: true });
  const bothAsBytes = () => run('x', [], { all: true, encoding: 'buffer' });
  expectTypeOf(both).returns.resolves.toEqualTypeOf<Completion & { readonly all: string }>();
  expectTypeOf(bothAsBytes).returns.resolves.toEqualTypeOf<
    Completion<Buffer> & { readonly all: Buffer }
  >();
  expectTypeOf(attach).parameters.toEqualTypeOf<
    [target: number | ChildProcess | ProcessIdentity, options?: AttachOptions | undefined]
  >();
  expectTypeOf(attach).returns.toEqualTypeOf<Promise<Process>>();
  // @ts-expect-error there is no shell option
  void (() => spawn('x', [], { shell: true }));
  expectTypeOf<SpawnOptions['shebang']>().toEqualTypeOf<'sh' | undefined>();
  expectTypeOf<SpawnOptions['env']>().toEqualTypeOf<
    Readonly<Record<string, EnvironmentValue>> | undefined
  >();
  expectTypeOf<NodeJS.ProcessEnv>().toExtend<NonNullable<SpawnOptions['env']>>();
  // @ts-expect-error a misspelt option is none
  void (() => run('x', [], { timeuot: 1 }));
});

test('programs that read from each other', () => {
  const text = () => pipeline([['seq', '9'], { file: 'wc', args: ['-l'], options: { nice: 1 } }]);
  const bytes = () => pipeline([['true']], { encoding: 'buffer', timeout: 5 });
  expectTypeOf(text).returns.toEqualTypeOf<Promise<PipelineCompletion>>();
  expectTypeOf(bytes).returns.toEqualTypeOf<Promise<PipelineCompletion<Buffer>>>();
  expectTypeOf<PipelineCompletion>().toEqualTypeOf<{
    readonly status: CompletionStatus;
    readonly stages: readonly Completion[];
    readonly stdout: string;
    readonly durationMs: number;
    readonly error?: Error;
  }>();
  // @ts-expect-error the signal is the whole pipeline's
  void (() => pipeline([{ file: 'x', options: { signal: AbortSignal.abort() } }]));
  // @ts-expect-error a command has a program
  void (() => pipeline([[]]));
});

test('how it ended', () => {
  expectTypeOf<Exit>().toEqualTypeOf<{
    readonly code: number | null;
    readonly signal: Signal | null;
    readonly coreDumped: boolean;
    readonly usage: ResourceUsage;
    readonly known: boolean;
  }>();
  expectTypeOf<ResourceUsage[keyof ResourceUsage]>().toEqualTypeOf<number>();
  expectTypeOf<ChildState>().toEqualTypeOf<
    | { readonly state: 'running' }
    | { readonly state: 'stopped'; readonly signal: Signal }
    | { readonly state: 'exited'; readonly exit: Exit }
  >();
  expectTypeOf<CompletionStatus>().toEqualTypeOf<
    'completed' | 'failed' | 'timeout' | 'terminated' | 'error'
  >();
  expectTypeOf<Completion>().toEqualTypeOf<{
    readonly status: CompletionStatus;
    readonly exit: Exit | null;
    readonly termination: Termination | { readonly method: 'natural' };
    readonly pid: number | null;
    readonly durationMs: number;
    readonly stdout: string;
    readonly stderr: string;
    readonly truncated: boolean;
    readonly omittedBytes: number;
    readonly all?: string;
    readonly usage: ResourceUsage | null;
    readonly cause?: 'oom';
    readonly error?: Error;
  }>();
});

test('how it was ended', () => {
  expectTypeOf<Termination>().toEqualTypeOf<Ended | NotEnded>();
  expectTypeOf<Termination['method']>().toEqualTypeOf<StepName | 'not_running' | 'failed'>();
  expectTypeOf<Termination['steps']>().toEqualTypeOf<readonly StepReport[]>();
  expectTypeOf<Termination['survivors']>().toExtend<readonly ProcessInfo[]>();
  expectTypeOf<Termination['durationMs']>().toEqualTypeOf<number>();
  // A failed one names somebody, always.
  expectTypeOf<Extract<Termination, { method: 'failed' }>>().toEqualTypeOf<NotEnded>();
  expectTypeOf<NotEnded['survivors']>().toEqualTypeOf<Survivors>();
  expectTypeOf<Survivors>().toEqualTypeOf<readonly [Survivor, ...Survivor[]]>();
  expectTypeOf<Ended['survivors']>().toEqualTypeOf<readonly []>();
  expectTypeOf<StepReport>().toEqualTypeOf<{
    readonly step: StepName;
    readonly delivered: boolean;
    readonly ended: boolean;
    readonly durationMs: number;
    readonly error?: unknown;
  }>();
  expectTypeOf<'eof' | 'sigterm' | 'sigkill' | 'action'>().toExtend<StepName>();
  expectTypeOf<Survivor['reason']>().toEqualTypeOf<
    'uninterruptible' | 'EPERM' | 'traced' | 'hidden' | 'alive'
  >();
  expectTypeOf<EscalationStep<Child>>().toEqualTypeOf<
    | { readonly eof: true; readonly wait: number }
    | { readonly signal: Signal; readonly scope?: Scope; readonly wait: number }
    | { readonly action: (child: Child) => unknown; readonly wait: number }
  >();
});

test('a process', () => {
  expectTypeOf<Process['poll']>().toEqualTypeOf<() => ChildState>();
  expectTypeOf<Process['exited']>().toEqualTypeOf<Promise<Exit>>();
  expectTypeOf<Process['empty']>().toEqualTypeOf<Promise<void>>();
  expectTypeOf<Process['endedBy']>().toEqualTypeOf<EndedBy | undefined>();
  expectTypeOf<Process['wait']>().toEqualTypeOf<(options?: WaitOptions) => Promise<Exit>>();
  expectTypeOf<Process['kill']>().toEqualTypeOf<(signal?: Signal, scope?: Scope) => boolean>();
  expectTypeOf<Process['members']>().toEqualTypeOf<() => ProcessInfo[]>();
  expectTypeOf<Process['usage']>().toEqualTypeOf<() => ResourceUsage>();
  expectTypeOf<Process['release']>().toEqualTypeOf<() => void>();
  expectTypeOf<Process['scope']>().toEqualTypeOf<Scope>();
  expectTypeOf<Process>().toExtend<AsyncDisposable>();
  expectTypeOf<Parameters<Process['terminate']>[0]>().toEqualTypeOf<
    EscalationOptions<Process> | undefined
  >();
  expectTypeOf<ReturnType<Process['changes']>>().toEqualTypeOf<AsyncIterableIterator<ChildState>>();
  expectTypeOf<ProcessIdentity>().toEqualTypeOf<{
    readonly pid: number;
    readonly startTicks: number;
    readonly bootId: string;
    readonly inode: number;
  }>();
  expectTypeOf<ProcessInfo>().toEqualTypeOf<{
    readonly pid: number;
    readonly ppid: number;
    readonly pgid: number;
    readonly sid: number;
    readonly state: string;
    readonly command: string;
    readonly identity: ProcessIdentity;
  }>();
});

test('a child', () => {
  expectTypeOf<Child>().toExtend<Process>();
  expectTypeOf<Child['stdin']>().toEqualTypeOf<Writable | null>();
  expectTypeOf<Child['stdout']>().toEqualTypeOf<Readable | null>();
  expectTypeOf<ReturnType<Child['lines']>>().toEqualTypeOf<AsyncIterableIterator<OutputLine>>();
  const on = (child: Child): void => {
    child.on('exit', (exit) => expectTypeOf(exit).toEqualTypeOf<Exit>());
    child.on('stop', (signal) => expectTypeOf(signal).toEqualTypeOf<Signal>());
    // @ts-expect-error there is no such event
    child.on('close', () => undefined);
  };
  void on;
});

test('what goes into a job, and what is told of its output', () => {
  expectTypeOf<RunOptions['input']>().toEqualTypeOf<RunInput | undefined>();
  expectTypeOf<
    | string
    | Float64Array
    | DataView
    | ArrayBuffer
    | SharedArrayBuffer
    | Readable
    | NodeJS.ReadableStream
    | ReadableStream
    | Blob
    | readonly string[]
    | AsyncIterable<Uint8Array>
  >().toExtend<RunInput>();
  expectTypeOf<number>().not.toExtend<RunInput>();
  expectTypeOf<NonNullable<RunOptions['keep']>>().toEqualTypeOf<'head' | 'tail' | 'ends'>();
  expectTypeOf<NonNullable<RunOptions['onOutput']>>().toEqualTypeOf<
    (chunk: string, stream: 'stdout' | 'stderr') => void
  >();
  expectTypeOf<NonNullable<RunOptions['onLine']>>().toEqualTypeOf<(line: OutputLine) => void>();
  const told = () =>
    run('x', [], {
      encoding: 'buffer',
      onOutput: (chunk) => expectTypeOf(chunk).toEqualTypeOf<Buffer>(),
    });
  void told;
});

test('progress, and the raw calls', () => {
  expectTypeOf<NonNullable<RunOptions['onProgress']>>().toEqualTypeOf<
    (progress: Progress) => void
  >();
  expectTypeOf(posix.waitpid).returns.toEqualTypeOf<WaitpidResult>();
  expectTypeOf(posix.waitid).returns.toEqualTypeOf<WaitidResult>();
  expectTypeOf<WaitpidResult>().toEqualTypeOf<{ readonly pid: number; readonly status: number }>();
  expectTypeOf(posix.WIFEXITED).toEqualTypeOf<(status: number) => boolean>();
});

test('what ends everything', () => {
  expectTypeOf(terminateAll).parameters.toEqualTypeOf<
    [options?: EscalationOptions<Child> | undefined]
  >();
  expectTypeOf(terminateAll).returns.toEqualTypeOf<Promise<TerminatedChild[]>>();
  expectTypeOf<TerminatedChild>().toExtend<Termination>();
  expectTypeOf<TerminatedChild['identity']>().toEqualTypeOf<ProcessIdentity>();
  expectTypeOf(exitOnSignals).parameters.toEqualTypeOf<
    [options?: ExitOnSignalsOptions | undefined]
  >();
  expectTypeOf(exitOnSignals).returns.toEqualTypeOf<UndoExitOnSignals>();
  expectTypeOf<UndoExitOnSignals>().toExtend<(() => void) & Disposable>();
  expectTypeOf<ExitOnSignalsOptions['signals']>().toEqualTypeOf<
    readonly NodeJS.Signals[] | undefined
  >();
});
