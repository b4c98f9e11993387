/** Counters, histograms and the number of live children. Times are seconds, as the conventions have it. */
import type { Attributes, Meter } from '@opentelemetry/api';

import * as names from './attributes.js';
import { listen } from './listen.js';

/** From a program that does nothing to a job of a day. */
const RUN_SECONDS = [0.005, 0.025, 0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600, 14_400, 86_400];
/** From the microseconds of an idle machine to a blocked event loop or a hung mount. */
const LATENCY_SECONDS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.1, 0.5, 1, 2.5, 10];
/** Around the default waits: 1, 5 and 2 s. */
const TERMINATION_SECONDS = [0.001, 0.005, 0.025, 0.1, 0.5, 1, 2, 3, 5, 6, 8, 10, 30, 60];
const STEPS = [0, 1, 2, 3, 4, 5, 10];

function makeInstruments(meter: Meter) {
  const histogram = (name: string, unit: string, boundaries: number[], description: string) =>
    meter.createHistogram(name, {
      unit,
      description,
      advice: { explicitBucketBoundaries: boundaries },
    });
  return {
    runs: meter.createCounter('reapwell.runs', {
      unit: '{run}',
      description: 'Runs whose result is final.',
    }),
    runDuration: histogram(
      'reapwell.run.duration',
      's',
      RUN_SECONDS,
      'From the call of run to its result.',
    ),
    spawns: meter.createCounter('reapwell.spawns', {
      unit: '{spawn}',
      description: 'Programs whose start was tried; with error.type if it failed.',
    }),
    spawnLatency: histogram(
      'reapwell.spawn.latency',
      's',
      LATENCY_SECONDS,
      'From the call until the program was known to run, or not to.',
    ),
    exitLatency: histogram(
      'reapwell.exit.latency',
      's',
      LATENCY_SECONDS,
      'From the look that found an exit until the event loop was told.',
    ),
    terminationDuration: histogram(
      'reapwell.termination.duration',
      's',
      TERMINATION_SECONDS,
      'Of a whole escalation that found something to end.',
    ),
    terminationSteps: histogram(
      'reapwell.termination.steps',
      '{step}',
      STEPS,
      'How many steps an escalation took.',
    ),
    stepDuration: histogram(
      'reapwell.step.duration',
      's',
      TERMINATION_SECONDS,
      'Of one step of an escalation.',
    ),
    recoveries: meter.createCounter('reapwell.recoveries', {
      unit: '{entry}',
      description: 'Entries of a journal that a recovery dealt with.',
    }),
    // What adds up over several supervisors is an up-down counter by the conventions, not a gauge.
    children: meter.createObservableUpDownCounter('reapwell.child.count', {
      unit: '{process}',
      description: 'Children that were started and have not exited.',
    }),
  };
}

/** Returns how to stop. */
export function recordMetrics(meter: Meter): () => void {
  const to = makeInstruments(meter);
  // By identity, since an exit may be of a child that was started before anybody listened.
  const alive = new Set<object>();
  const observe = (result: { observe(value: number): void }): void => result.observe(alive.size);
  to.children.addCallback(observe);

  const stops = [
    listen('reapwell:run', (message) => {
      if (message.phase === 'start') return;
      const { status, termination, durationMs } = message.completion;
      const type = names.runErrorType(message);
      const attributes: Attributes = {
        [names.RUN_STATUS]: status,
        [names.TERMINATION_METHOD]: termination.method,
      };
      to.runs.add(1, attributes);
      to.runDuration.record(names.seconds(durationMs), {
        ...attributes,
        ...(type === undefined ? {} : { [names.ERROR_TYPE]: type }),
      });
    }),
    listen('reapwell:spawn', (message) => {
      const failed = message.outcome === 'failed';
      if (!failed) alive.add(message.identity);
      const attributes = failed ? { [names.ERROR_TYPE]: names.errorType(message.error) } : {};
      to.spawns.add(1, attributes);
      to.spawnLatency.record(names.seconds(message.latencyMs), attributes);
    }),
    listen('reapwell:exit', (message) => {
      alive.delete(message.identity);
      to.exitLatency.record(names.seconds(message.latencyMs));
    }),
    listen('reapwell:terminate:step', ({ step }) => {
      to.stepDuration.record(names.seconds(step.durationMs), {
        [names.STEP]: step.step,
        [names.STEP_DELIVERED]: step.delivered,
        [names.STEP_ENDED]: step.ended,
      });
    }),
    listen('reapwell:terminate', ({ termination }) => {
      // Each run that ends by itself looks for stragglers; to find none is no termination.
      if (termination.method === 'not_running') return;
      const attributes = { [names.TERMINATION_METHOD]: termination.method };
      to.terminationDuration.record(names.seconds(termination.durationMs), attributes);
      to.terminationSteps.record(termination.steps.length, attributes);
    }),
    listen('reapwell:recover', ({ outcome }) => {
      to.recoveries.add(1, { [names.RECOVER_OUTCOME]: outcome });
    }),
  ];
  return () => {
    for (const stop of stops) stop();
    to.children.removeCallback(observe);
  };
}
