// Spans for runs, against the real SDK's in-memory exporter.
import { context, SpanKind, SpanStatusCode, trace, type HrTime } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
  type ReadableSpan,
} from '@opentelemetry/sdk-trace-base';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { run } from '../../src/index.js';
import { instrument, type InstrumentOptions } from '../../src/otel/index.js';
import { start } from '../children.js';
import { fixture } from '../support/fixture.js';
import { waitFor } from '../support/wait-for.js';
import { listenTo } from './listening.js';

const exitWith = fixture('exit-with');
const ready = fixture('ready');

let exporter: InMemorySpanExporter;
let provider: BasicTracerProvider;

beforeEach(() => {
  exporter = new InMemorySpanExporter();
  provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
});
afterEach(() => provider.shutdown());

function traced(options: InstrumentOptions = {}): void {
  const instrumentation = instrument({ tracer: provider.getTracer('test'), ...options });
  onTestFinished(() => instrumentation.disable());
}

function onlySpan(): ReadableSpan {
  const spans = exporter.getFinishedSpans();
  expect(spans).toHaveLength(1);
  return spans[0]!;
}

const toMs = ([seconds, nanoseconds]: HrTime): number => seconds * 1000 + nanoseconds / 1e6;

describe('a span', () => {
  test('covers a run, from its call to its result, with what the conventions ask for', async () => {
    traced();
    const completion = await run('/bin/true', ['secret']);
    const span = onlySpan();
    expect(span.name).toBe('run true');
    expect(span.kind).toBe(SpanKind.CLIENT);
    expect(span.status).toEqual({ code: SpanStatusCode.UNSET });
    expect(span.events).toEqual([]);
    expect(span.attributes).toEqual({
      'process.pid': completion.pid,
      'process.parent_pid': process.pid,
      'process.group_leader.pid': completion.pid,
      'process.command': '/bin/true',
      'process.executable.name': 'true',
      'process.executable.path': '/bin/true',
      'process.exit.code': 0,
      'reapwell.scope': 'group',
      'reapwell.run.status': 'completed',
      'reapwell.termination.method': 'natural',
      'reapwell.exit.known': true,
      'reapwell.exit.core_dumped': false,
      'reapwell.output.truncated': false,
    });
    // The span encloses the run; both ends are noted a moment later than the run's own.
    expect(toMs(span.duration)).toBeGreaterThanOrEqual(completion.durationMs - 1);
  });

  test('has the arguments only if asked to', async () => {
    traced({ commandArgs: true });
    await run('true', ['one', 'two']);
    expect(onlySpan().attributes).toMatchObject({ 'process.command_args': ['true', 'one', 'two'] });
    // Found through PATH: which file it was is not known.
    expect(onlySpan().attributes).not.toHaveProperty('process.executable.path');
  });

  test('is a child of what is active where run is called, of each run its own', async () => {
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    onTestFinished(() => context.disable());
    traced();
    const tracer = provider.getTracer('caller');
    const parents = ['one', 'two'].map((name) => tracer.startSpan(name));
    await Promise.all([
      ...parents.map((parent, code) =>
        context.with(trace.setSpan(context.active(), parent), () =>
          run(exitWith, ['code', `${code}`]),
        ),
      ),
      run(exitWith, ['code', '2']),
    ]);
    const parentOf = new Map(
      exporter
        .getFinishedSpans()
        .map((span) => [span.attributes['process.exit.code'], span.parentSpanContext?.spanId]),
    );
    expect([0, 1, 2].map((code) => parentOf.get(code))).toEqual([
      ...parents.map((parent) => parent.spanContext().spanId),
      undefined,
    ]);
  });

  test('is not made for a plain spawn', async () => {
    traced();
    const child = await start(exitWith, ['code', '0']);
    await child.empty;
    await run(exitWith, ['code', '0']);
    expect(onlySpan().attributes['process.pid']).not.toBe(child.pid);
  });
});

describe('its status', () => {
  test.each([
    [
      'an exit code',
      () => run(exitWith, ['code', '3']),
      { 'reapwell.run.status': 'failed', 'process.exit.code': 3, 'error.type': '3' },
    ],
    [
      'a signal',
      () => run(exitWith, ['signal', '9']),
      {
        'reapwell.run.status': 'failed',
        'reapwell.exit.signal': 'SIGKILL',
        'error.type': 'SIGKILL',
      },
    ],
    [
      'a timeout',
      () => run('/bin/sleep', ['60'], { timeout: 200 }),
      {
        'reapwell.run.status': 'timeout',
        'reapwell.termination.method': 'sigterm',
        'error.type': 'timeout',
      },
    ],
    [
      'a start that failed',
      () => run('/no/such/program'),
      { 'reapwell.run.status': 'error', 'error.type': 'ENOENT' },
    ],
  ] as const)('is ERROR after %s', async (_, begin, attributes) => {
    traced();
    await begin();
    const span = onlySpan();
    expect(span.status.code).toBe(SpanStatusCode.ERROR);
    expect(span.attributes).toMatchObject(attributes);
  });

  test('comes with the error, if there is one', async () => {
    traced();
    await run('/no/such/program', ['secret']);
    const span = onlySpan();
    expect(span.status.message).toBe('spawn /no/such/program ENOENT');
    expect(span.events).toMatchObject([
      { name: 'exception', attributes: { 'exception.type': 'ENOENT' } },
    ]);
    expect(span.attributes).not.toHaveProperty('process.pid');
    expect(JSON.stringify([span.attributes, span.events])).not.toContain('secret');
  });

  test('is none after what we ended on request', async () => {
    traced();
    await run('/bin/sleep', ['60'], { signal: AbortSignal.timeout(50) });
    const span = onlySpan();
    expect(span.status.code).toBe(SpanStatusCode.UNSET);
    expect(span.attributes).toMatchObject({ 'reapwell.run.status': 'terminated' });
    expect(span.attributes).not.toHaveProperty('error.type');
  });
});

describe('its events', () => {
  test('are the steps of the escalation, each where it began', async () => {
    traced();
    const controller = new AbortController();
    const { pid } = await run(ready, ['--ignore=TERM'], {
      signal: controller.signal,
      grace: 80,
      progressInterval: 10,
      // It has said that it ignores the signal.
      onProgress: ({ stdoutBytes }) => stdoutBytes > 0 && controller.abort(),
    });
    const span = onlySpan();
    expect(span.attributes).toMatchObject({
      'process.pid': pid,
      'reapwell.run.status': 'terminated',
      'reapwell.termination.method': 'sigkill',
    });
    expect(span.events.map(({ name }) => name)).toEqual(
      span.events.map(() => 'reapwell.terminate.step'),
    );
    expect(span.events.map(({ attributes }) => attributes)).toEqual([
      {
        'reapwell.step': 'sigterm',
        'reapwell.step.index': 0,
        'reapwell.step.delivered': true,
        'reapwell.step.ended': false,
        'reapwell.step.duration': expect.any(Number) as number,
      },
      {
        'reapwell.step': 'sigkill',
        'reapwell.step.index': 1,
        'reapwell.step.delivered': true,
        'reapwell.step.ended': true,
        'reapwell.step.duration': expect.any(Number) as number,
      },
    ]);
    const [term, kill] = span.events.map(({ time }) => toMs(time));
    const duration = span.events[0]!.attributes!['reapwell.step.duration'] as number;
    expect(term).toBeGreaterThan(toMs(span.startTime));
    expect(kill! - term!).toBeGreaterThanOrEqual(duration * 1000 - 1);
    expect(kill).toBeLessThan(toMs(span.endTime));
  });

  test('are those of their own run', async () => {
    traced();
    await Promise.all([
      run('/bin/sleep', ['60'], { timeout: 200 }),
      run(exitWith, ['code', '0']),
      start(ready).then((child) => child.terminate({ eofWait: 0 })),
    ]);
    const steps = exporter.getFinishedSpans().map(({ name, events }) => [name, events.length]);
    expect(Object.fromEntries(steps)).toEqual({ 'run sleep': 1, 'run exit-with': 0 });
  });
});

describe('disabled', () => {
  test('it makes no more spans, and ends those under way without a status', async () => {
    const starts = listenTo('reapwell:spawn');
    const instrumentation = instrument({ tracer: provider.getTracer('test') });
    const controller = new AbortController();
    const running = run('/bin/sleep', ['60'], { signal: controller.signal });
    await waitFor(() => starts.length === 1, { what: 'its start' });
    instrumentation.disable();
    instrumentation.disable();
    controller.abort();
    await running;
    await run(exitWith, ['code', '0']);
    const span = onlySpan();
    expect(span.name).toBe('run sleep');
    expect(span.attributes).not.toHaveProperty('reapwell.run.status');
    expect(span.events.map(({ name }) => name)).toEqual(['reapwell.instrumentation.disabled']);
  });

  test('at the end of a using block', async () => {
    {
      using instrumentation = instrument({ tracer: provider.getTracer('test') });
      await run(exitWith, ['code', '0']);
      expect(instrumentation).toHaveProperty('disable');
    }
    await run(exitWith, ['code', '1']);
    expect(onlySpan().attributes['process.exit.code']).toBe(0);
  });
});

test('without options it takes the tracer of the global provider, under our name and version', async () => {
  trace.setGlobalTracerProvider(provider);
  onTestFinished(() => trace.disable());
  const instrumentation = instrument();
  onTestFinished(() => instrumentation.disable());
  await run(exitWith, ['code', '0']);
  expect(onlySpan().instrumentationScope).toMatchObject({
    name: 'reapwell',
    version: expect.stringMatching(/^\d+\.\d+\.\d+/) as string,
  });
});
