/** Turns what the channels tell into OpenTelemetry's spans and metrics. */
import { readFileSync } from 'node:fs';

import { metrics, trace, type Meter, type Tracer } from '@opentelemetry/api';

import { recordMetrics } from './metrics.js';
import { traceRuns } from './spans.js';

export interface InstrumentOptions {
  /**
   * Makes the spans. @default the global provider's, under the name 'reapwell'; one that is registered
   * later is used from then on
   */
  readonly tracer?: Tracer | undefined;
  /**
   * Makes the metrics. @default the global provider's, under the name 'reapwell'; it must be registered
   * before
   */
  readonly meter?: Meter | undefined;
  /**
   * Put the arguments of each program into its span (`process.command_args`). They may hold secrets.
   * @default false
   */
  readonly commandArgs?: boolean | undefined;
}

export interface Instrumentation extends Disposable {
  /** Listens no more. Runs under way get their spans ended, without a status. Can be called twice. */
  disable(): void;
}

const NAME = 'reapwell';

/** src/otel/ and dist/otel/ are both two folders below the package's root. */
function packageVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

/**
 * Spans for runs, and metrics for runs, spawns, exits, escalations and recoveries, of this thread and
 * from now on, until disabled. Each call adds one more listener: two of them count everything twice
 * unless their meters differ.
 */
export function instrument(options: InstrumentOptions = {}): Instrumentation {
  const version = packageVersion();
  const stops = [
    traceRuns(options.tracer ?? trace.getTracer(NAME, version), options.commandArgs === true),
    recordMetrics(options.meter ?? metrics.getMeter(NAME, version)),
  ];
  const disable = (): void => {
    for (const stop of stops.splice(0)) stop();
  };
  return { disable, [Symbol.dispose]: disable };
}
