// The journal's types, to the last field: checked by tsc, which the tests and the lint step run.
import { expectTypeOf, test } from 'vitest';
import {
  type JournalClosedError,
  type JournalDuplicateError,
  type JournalLockedError,
  type JournalWriteError,
  openJournal,
  run,
  spawn,
  type CompletionRecord,
  type CompletionStatus,
  type ErrorRecord,
  type EscalationOptions,
  type Exit,
  type Journal,
  type JournalEntry,
  type JournalOptions,
  type Process,
  type ProcessIdentity,
  type ProcessInfo,
  type PruneOptions,
  type ReapwellError,
  type Recovered,
  type RecoverOptions,
  type ResourceUsage,
  type RunOptions,
  type Scope,
  type SkippedRecord,
  type SpawnOptions,
  type Child,
  type Termination,
} from '../../src/index.js';

test('openJournal and its options', () => {
  expectTypeOf<Parameters<typeof openJournal>[0]>().toEqualTypeOf<string>();
  expectTypeOf<Parameters<typeof openJournal>[1]>().toEqualTypeOf<JournalOptions | undefined>();
  expectTypeOf<ReturnType<typeof openJournal>>().toEqualTypeOf<Promise<Journal>>();
  expectTypeOf<JournalOptions>().toEqualTypeOf<{
    readonly onWriteError?: 'refuse' | 'continue' | undefined;
  }>();
  // @ts-expect-error there is no such way
  void (() => openJournal('', { onWriteError: 'ignore' }));
});

test('a journal', () => {
  expectTypeOf<Journal['dir']>().toEqualTypeOf<string>();
  expectTypeOf<Journal['skipped']>().toEqualTypeOf<readonly SkippedRecord[]>();
  expectTypeOf<Journal['entries']>().toEqualTypeOf<() => JournalEntry[]>();
  expectTypeOf<Journal['recover']>().toEqualTypeOf<
    (options?: RecoverOptions) => Promise<Recovered[]>
  >();
  expectTypeOf<Journal['prune']>().toEqualTypeOf<(options?: PruneOptions) => Promise<number>>();
  expectTypeOf<Journal['close']>().toEqualTypeOf<() => Promise<void>>();
  expectTypeOf<Journal>().toExtend<AsyncDisposable>();
});

test('an entry', () => {
  expectTypeOf<JournalEntry>().toEqualTypeOf<{
    readonly id: string;
    readonly meta: unknown;
    readonly command: string;
    readonly args: readonly string[];
    readonly startedAt: number;
    readonly identity?: ProcessIdentity;
    readonly scope: Scope;
    readonly status: 'starting' | 'running' | CompletionStatus;
    readonly completion?: CompletionRecord;
  }>();
  expectTypeOf<CompletionRecord>().branded.toEqualTypeOf<{
    readonly status: CompletionStatus;
    readonly exit: Exit | null;
    readonly termination: Termination | { readonly method: 'natural' };
    readonly pid: number | null;
    readonly durationMs: number;
    readonly usage: ResourceUsage | null;
    readonly truncated?: boolean;
    readonly omittedBytes?: number;
    readonly cause?: 'oom';
    readonly error?: ErrorRecord;
  }>();
  expectTypeOf<ErrorRecord>().toEqualTypeOf<{
    readonly name: string;
    readonly message: string;
    readonly code?: string;
  }>();
});

test('recovery', () => {
  expectTypeOf<RecoverOptions>().toExtend<EscalationOptions<JournalEntry>>();
  expectTypeOf<RecoverOptions['action']>().toEqualTypeOf<
    'terminate' | 'adopt' | 'report' | undefined
  >();
  expectTypeOf<Recovered>().toEqualTypeOf<{
    readonly entry: JournalEntry;
    readonly outcome: 'gone' | 'ended' | 'adopted' | 'survived' | 'foreign' | 'unreadable';
    readonly termination?: Termination;
    readonly process?: Process;
    readonly members: readonly ProcessInfo[];
    readonly reason?: string;
  }>();
  expectTypeOf<SkippedRecord>().toEqualTypeOf<{
    readonly file: string;
    readonly line?: number;
    readonly reason: string;
  }>();
  expectTypeOf<PruneOptions>().toEqualTypeOf<{ readonly olderThan?: number | undefined }>();
});

test('the options of spawn and run', () => {
  expectTypeOf<SpawnOptions<Child>['id']>().toEqualTypeOf<string | undefined>();
  expectTypeOf<SpawnOptions<Child>['meta']>().toEqualTypeOf<unknown>();
  expectTypeOf<RunOptions<Child>['id']>().toEqualTypeOf<string | undefined>();
  expectTypeOf<Journal>().toExtend<NonNullable<SpawnOptions<Child>['journal']>>();
  expectTypeOf<Journal>().toExtend<NonNullable<RunOptions<Child>['journal']>>();
  // @ts-expect-error a path is no journal
  void (() => spawn('/bin/true', [], { journal: '/tmp' }));
  // @ts-expect-error nor is something that looks like one
  void (() => run('/bin/true', [], { journal: { entries: () => [] } }));
});

test('errors', () => {
  expectTypeOf<JournalLockedError>().toExtend<ReapwellError>();
  expectTypeOf<JournalLockedError>().toHaveProperty('holder').toEqualTypeOf<number>();
  expectTypeOf<JournalLockedError>().toHaveProperty('dir').toEqualTypeOf<string>();
  expectTypeOf<JournalWriteError>().toExtend<ReapwellError>();
  expectTypeOf<JournalWriteError>().toHaveProperty('dir').toEqualTypeOf<string>();
  expectTypeOf<JournalClosedError>().toExtend<ReapwellError>();
  expectTypeOf<JournalDuplicateError>().toExtend<ReapwellError>();
  expectTypeOf<JournalDuplicateError>().toHaveProperty('id').toEqualTypeOf<string>();
});
