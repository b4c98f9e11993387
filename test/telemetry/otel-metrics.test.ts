// Metrics, against the real SDK's in-memory exporter.
import { metrics } from '@opentelemetry/api';
import {
  AggregationTemporality,
  DataPointType,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
  type MetricData,
} from '@opentelemetry/sdk-metrics';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { channels, run, spawn } from '../../src/index.js';
import { instrument, type Instrumentation } from '../../src/otel/index.js';
import { publishRecover } from '../../src/telemetry/publish.js';
import { start, startCat, startReady } from '../children.js';
import { fixture } from '../support/fixture.js';

const exitWith = fixture('exit-with');

let exporter: InMemoryMetricExporter;
let provider: MeterProvider;

beforeEach(() => {
  exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  // Exports when told to.
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
  provider = new MeterProvider({ readers: [reader] });
});
afterEach(() => provider.shutdown());

function metered(): Instrumentation {
  const instrumentation = instrument({ meter: provider.getMeter('test') });
  onTestFinished(() => instrumentation.disable());
  return instrumentation;
}

/** All metrics as they are now, by name. */
async function collect(): Promise<Map<string, MetricData>> {
  exporter.reset();
  await provider.forceFlush();
  const scopes = exporter.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics);
  return new Map(
    scopes.flatMap(({ metrics: all }) => all.map((data) => [data.descriptor.name, data])),
  );
}

/** Attributes and value of each point; of a histogram, how many values and their sum. */
async function points(
  name: string,
): Promise<[attributes: object, count: number, sum?: number | undefined][]> {
  const data = (await collect()).get(name);
  if (data === undefined) return [];
  if (data.dataPointType === DataPointType.HISTOGRAM) {
    return data.dataPoints.map(({ attributes, value }) => [attributes, value.count, value.sum]);
  }
  return data.dataPoints.map(({ attributes, value }) => [attributes, value as number]);
}

describe('runs', () => {
  test('are counted by status and method', async () => {
    metered();
    await run(exitWith, ['code', '0']);
    await run(exitWith, ['code', '0']);
    await run(exitWith, ['code', '3']);
    await run('/bin/sleep', ['60'], { timeout: 200 });
    await run('/bin/sleep', ['60'], { signal: AbortSignal.timeout(200) });
    await run('/no/such/program');
    const of = (status: string, method: string, count: number): unknown => [
      { 'reapwell.run.status': status, 'reapwell.termination.method': method },
      count,
    ];
    expect(await points('reapwell.runs')).toEqual([
      of('completed', 'natural', 2),
      of('failed', 'natural', 1),
      of('timeout', 'sigterm', 1),
      of('terminated', 'sigterm', 1),
      of('error', 'natural', 1),
    ]);
  });

  test('have their duration in seconds, by status, method and error', async () => {
    metered();
    const { durationMs } = await run('/bin/sleep', ['60'], { timeout: 100 });
    await run(exitWith, ['code', '3']);
    const [timeout, failed] = await points('reapwell.run.duration');
    expect(timeout).toEqual([
      {
        'reapwell.run.status': 'timeout',
        'reapwell.termination.method': 'sigterm',
        'error.type': 'timeout',
      },
      1,
      expect.closeTo(durationMs / 1000, 6),
    ]);
    expect(failed![0]).toMatchObject({ 'error.type': '3' });
  });
});

describe('spawns', () => {
  test('are counted with their latency, failures by the type of the error', async () => {
    metered();
    await startCat();
    await startCat();
    for (const file of ['/no/such/program', '/']) {
      await spawn(file).then(
        () => expect.fail('it started'),
        () => undefined,
      );
    }
    expect(await points('reapwell.spawns')).toEqual([
      [{}, 2],
      [{ 'error.type': 'ENOENT' }, 1],
      [{ 'error.type': 'EACCES' }, 1],
    ]);
    const latencies = await points('reapwell.spawn.latency');
    expect(latencies.map(([attributes, count]) => [attributes, count])).toEqual(
      await points('reapwell.spawns'),
    );
    for (const [, , sum] of latencies) expect(sum).toBeGreaterThan(0);
  });
});

describe('children', () => {
  test('that live are counted, but not those from before', async () => {
    const before = await startCat();
    metered();
    const children = await Promise.all([startCat(), startCat()]);
    expect(await points('reapwell.child.count')).toEqual([[{}, 2]]);
    before.stdin?.end();
    await before.exited;
    expect(await points('reapwell.child.count')).toEqual([[{}, 2]]);
    for (const child of children) {
      child.stdin?.end();
      await child.exited;
    }
    expect(await points('reapwell.child.count')).toEqual([[{}, 0]]);
  });

  test('that exit have the latency of it', async () => {
    metered();
    const exits: number[] = [];
    const note = ({ latencyMs }: { latencyMs: number }): void => void exits.push(latencyMs);
    channels['reapwell:exit'].subscribe(note);
    onTestFinished(() => void channels['reapwell:exit'].unsubscribe(note));
    const child = await start(exitWith, ['code', '0']);
    await child.exited;
    const total = exits.reduce((sum, latency) => sum + latency, 0);
    expect(await points('reapwell.exit.latency')).toEqual([
      [{}, exits.length, expect.closeTo(total / 1000, 6)],
    ]);
  });
});

describe('terminations', () => {
  test('are measured, as a whole and by step', async () => {
    metered();
    const { child } = await startReady(['--ignore=TERM']);
    const { durationMs, steps } = await child.terminate({ eofWait: 20, grace: 20 });
    expect(await points('reapwell.termination.duration')).toEqual([
      [{ 'reapwell.termination.method': 'sigkill' }, 1, expect.closeTo(durationMs / 1000, 6)],
    ]);
    expect(await points('reapwell.termination.steps')).toEqual([
      [{ 'reapwell.termination.method': 'sigkill' }, 1, 3],
    ]);
    expect(await points('reapwell.step.duration')).toEqual(
      steps.map(({ step, delivered, ended, durationMs: took }) => [
        {
          'reapwell.step': step,
          'reapwell.step.delivered': delivered,
          'reapwell.step.ended': ended,
        },
        1,
        expect.closeTo(took / 1000, 6) as number,
      ]),
    );
  });

  test('of nothing are not counted', async () => {
    metered();
    await run(exitWith, ['code', '0']);
    expect(await points('reapwell.termination.duration')).toEqual([]);
  });
});

test('recoveries are counted by outcome', async () => {
  metered();
  publishRecover('one', 'gone');
  publishRecover('two', 'gone');
  publishRecover('three', 'ended');
  expect(await points('reapwell.recoveries')).toEqual([
    [{ 'reapwell.recover.outcome': 'gone' }, 2],
    [{ 'reapwell.recover.outcome': 'ended' }, 1],
  ]);
});

test('units are those of the conventions', async () => {
  metered();
  await run('/bin/sleep', ['60'], { timeout: 200 });
  publishRecover('one', 'gone');
  const units = [...(await collect())].map(([name, { descriptor }]) => [name, descriptor.unit]);
  expect(Object.fromEntries(units)).toEqual({
    'reapwell.runs': '{run}',
    'reapwell.run.duration': 's',
    'reapwell.spawns': '{spawn}',
    'reapwell.spawn.latency': 's',
    'reapwell.exit.latency': 's',
    'reapwell.termination.duration': 's',
    'reapwell.termination.steps': '{step}',
    'reapwell.step.duration': 's',
    'reapwell.recoveries': '{entry}',
    'reapwell.child.count': '{process}',
  });
});

test('disabled, nothing more is recorded', async () => {
  const instrumentation = metered();
  await run(exitWith, ['code', '0']);
  instrumentation.disable();
  await run(exitWith, ['code', '0']);
  expect(await points('reapwell.runs')).toMatchObject([[{}, 1]]);
  expect(await points('reapwell.child.count')).toEqual([]);
  expect(Object.values(channels).filter(({ hasSubscribers }) => hasSubscribers)).toEqual([]);
});

test('without options it takes the meter of the global provider, under our name and version', async () => {
  metrics.setGlobalMeterProvider(provider);
  onTestFinished(() => metrics.disable());
  const instrumentation = instrument();
  onTestFinished(() => instrumentation.disable());
  await run(exitWith, ['code', '0']);
  await provider.forceFlush();
  const [scope] = exporter.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics);
  expect(scope?.scope).toMatchObject({
    name: 'reapwell',
    version: expect.stringMatching(/^\d+\.\d+\.\d+/) as string,
  });
});
