// The types of all that telemetry exports, to the last field. What counts is `npm run typecheck`; run,
// it shows no more than that the file loads.
import type { Meter, Tracer } from '@opentelemetry/api';
import { describe, expectTypeOf, test } from 'vitest';
import {
  channels,
  type ChannelName,
  type Completion,
  type ContinueMessage,
  type Exit,
  type ExitMessage,
  type ProcessIdentity,
  type RecoverMessage,
  type RecoverOutcome,
  type RunEndMessage,
  type RunMessage,
  type RunStartMessage,
  type Scope,
  type Signal,
  type SpawnFailedMessage,
  type SpawnMessage,
  type SpawnStartedMessage,
  type StepReport,
  type StopMessage,
  type TelemetryChannel,
  type TelemetryMessages,
  type TerminateMessage,
  type TerminateStepMessage,
  type Termination,
} from '../../src/index.js';
import { instrument, type Instrumentation, type InstrumentOptions } from '../../src/otel/index.js';

// Interfaces that extend others are compared by what they come to.
type Flat<T> = { [Key in keyof T]: T[Key] };

interface OfProcess {
  readonly pid: number;
  readonly identity: ProcessIdentity;
}
interface OfSpawn {
  readonly file: string;
  readonly args: readonly string[];
  readonly runId: string | null;
  readonly latencyMs: number;
}
interface OfRun {
  readonly file: string;
  readonly args: readonly string[];
  readonly runId: string;
}

describe('messages', () => {
  test('of a spawn', () => {
    expectTypeOf<Flat<SpawnStartedMessage>>().toEqualTypeOf<
      Flat<
        OfSpawn &
          OfProcess & {
            readonly outcome: 'started';
            readonly pgid: number;
            readonly scope: Scope;
          }
      >
    >();
    expectTypeOf<Flat<SpawnFailedMessage>>().toEqualTypeOf<
      Flat<OfSpawn & { readonly outcome: 'failed'; readonly error: Error }>
    >();
    expectTypeOf<SpawnMessage>().toEqualTypeOf<SpawnStartedMessage | SpawnFailedMessage>();
    expectTypeOf<SpawnMessage['outcome']>().toEqualTypeOf<'started' | 'failed'>();
    // Told apart by `outcome`.
    expectTypeOf<
      Extract<SpawnMessage, { outcome: 'failed' }>
    >().toEqualTypeOf<SpawnFailedMessage>();
  });

  test('of what happens to a process', () => {
    expectTypeOf<Flat<ExitMessage>>().toEqualTypeOf<
      Flat<
        OfProcess & {
          readonly attached: boolean;
          readonly exit: Exit;
          readonly latencyMs: number;
        }
      >
    >();
    expectTypeOf<Flat<StopMessage>>().toEqualTypeOf<
      Flat<OfProcess & { readonly signal: Signal }>
    >();
    expectTypeOf<Flat<ContinueMessage>>().toEqualTypeOf<Flat<OfProcess>>();
  });

  test('of an escalation', () => {
    expectTypeOf<Flat<TerminateStepMessage>>().toEqualTypeOf<
      Flat<OfProcess & { readonly index: number; readonly step: StepReport }>
    >();
    expectTypeOf<Flat<TerminateMessage>>().toEqualTypeOf<
      Flat<OfProcess & { readonly termination: Termination }>
    >();
  });

  test('of a run', () => {
    expectTypeOf<Flat<RunStartMessage>>().toEqualTypeOf<
      Flat<OfRun & { readonly phase: 'start' }>
    >();
    expectTypeOf<Flat<RunEndMessage>>().toEqualTypeOf<
      Flat<OfRun & { readonly phase: 'end'; readonly completion: Completion<string | Buffer> }>
    >();
    expectTypeOf<RunMessage>().toEqualTypeOf<RunStartMessage | RunEndMessage>();
    expectTypeOf<Extract<RunMessage, { phase: 'end' }>>().toEqualTypeOf<RunEndMessage>();
  });

  test('of a recovery', () => {
    expectTypeOf<RecoverOutcome>().toEqualTypeOf<
      'gone' | 'ended' | 'adopted' | 'survived' | 'foreign' | 'unreadable'
    >();
    expectTypeOf<Flat<RecoverMessage>>().toEqualTypeOf<{
      readonly id: string;
      readonly outcome: RecoverOutcome;
      readonly termination?: Termination;
    }>();
  });
});

test('each channel has its message', () => {
  expectTypeOf<TelemetryMessages>().toEqualTypeOf<{
    readonly 'reapwell:spawn': SpawnMessage;
    readonly 'reapwell:exit': ExitMessage;
    readonly 'reapwell:stop': StopMessage;
    readonly 'reapwell:continue': ContinueMessage;
    readonly 'reapwell:terminate:step': TerminateStepMessage;
    readonly 'reapwell:terminate': TerminateMessage;
    readonly 'reapwell:run': RunMessage;
    readonly 'reapwell:recover': RecoverMessage;
  }>();
  expectTypeOf<ChannelName>().toEqualTypeOf<keyof TelemetryMessages>();
  expectTypeOf(channels).toEqualTypeOf<{
    readonly [Name in ChannelName]: TelemetryChannel<Name>;
  }>();
  type ExitChannel = TelemetryChannel<'reapwell:exit'>;
  expectTypeOf<ExitChannel['subscribe']>()
    .parameter(0)
    .toEqualTypeOf<(message: ExitMessage, name: 'reapwell:exit') => void>();
  expectTypeOf<ExitChannel['unsubscribe']>().returns.toEqualTypeOf<boolean>();
  expectTypeOf<ExitChannel['hasSubscribers']>().toEqualTypeOf<boolean>();
  expectTypeOf<ExitChannel['name']>().toEqualTypeOf<'reapwell:exit'>();
  // Telling is the library's own affair.
  expectTypeOf<ExitChannel>().not.toHaveProperty('publish');
});

test('reapwell/otel', () => {
  expectTypeOf<InstrumentOptions>().toEqualTypeOf<{
    readonly tracer?: Tracer | undefined;
    readonly meter?: Meter | undefined;
    readonly commandArgs?: boolean | undefined;
  }>();
  expectTypeOf(instrument).parameter(0).toEqualTypeOf<InstrumentOptions | undefined>();
  expectTypeOf(instrument).returns.toEqualTypeOf<Instrumentation>();
  expectTypeOf<Instrumentation>().toExtend<Disposable>();
  expectTypeOf<Instrumentation['disable']>().toEqualTypeOf<() => void>();
});
