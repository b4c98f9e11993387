/**
 * A span for each run, from its call to its result, and an event on it for each step of an escalation.
 *
 * The start is told within the call of `run`, so the span's parent is what is active there.
 */
import { isAbsolute } from 'node:path';

import {
  context,
  SpanKind,
  SpanStatusCode,
  type Attributes,
  type Span,
  type Tracer,
} from '@opentelemetry/api';

import { now } from '../clock.js';
import type {
  RunEndMessage,
  RunStartMessage,
  SpawnMessage,
  TerminateStepMessage,
} from '../telemetry/messages.js';
import * as names from './attributes.js';
import { listen } from './listen.js';

/** Returns how to stop. */
export function traceRuns(tracer: Tracer, commandArgs: boolean): () => void {
  const underWay = new Map<string, Span>();
  // By the identity object, which all messages of one child share: a number could be another's by now.
  const ofChild = new WeakMap<object, Span>();

  const onStart = (message: RunStartMessage): void => {
    const name = names.executableName(message.file);
    const attributes = startAttributes(message, name, commandArgs);
    // As the conventions have it for the caller of a program.
    const options = { kind: SpanKind.CLIENT, attributes };
    underWay.set(message.runId, tracer.startSpan(`run ${name}`, options, context.active()));
  };

  const onSpawn = (message: SpawnMessage): void => {
    if (message.outcome === 'failed' || message.runId === null) return;
    const span = underWay.get(message.runId);
    if (span === undefined) return;
    ofChild.set(message.identity, span);
    span.setAttributes({
      [names.PROCESS_PID]: message.pid,
      [names.PROCESS_GROUP_LEADER_PID]: message.pgid,
      [names.SCOPE]: message.scope,
    });
  };

  const onStep = ({ identity, index, step }: TerminateStepMessage): void => {
    const span = ofChild.get(identity);
    // Told when it is over, and shown where it began.
    span?.addEvent(
      'reapwell.terminate.step',
      {
        [names.STEP]: step.step,
        [names.STEP_INDEX]: index,
        [names.STEP_DELIVERED]: step.delivered,
        [names.STEP_ENDED]: step.ended,
        [names.STEP_DURATION]: names.seconds(step.durationMs),
        ...(step.error === undefined ? {} : { [names.ERROR_TYPE]: names.errorType(step.error) }),
      },
      now() - step.durationMs,
    );
  };

  const onEnd = (message: RunEndMessage): void => {
    const span = underWay.get(message.runId);
    if (span === undefined) return;
    underWay.delete(message.runId);
    finish(span, message);
  };

  const stops = [
    listen('reapwell:run', (message) => {
      if (message.phase === 'start') onStart(message);
      else onEnd(message);
    }),
    listen('reapwell:spawn', onSpawn),
    listen('reapwell:terminate:step', onStep),
  ];
  return () => {
    for (const stop of stops) stop();
    // A span that is never ended is never exported. Nothing is claimed about how the run went.
    for (const span of underWay.values()) {
      span.addEvent('reapwell.instrumentation.disabled');
      span.end();
    }
    underWay.clear();
  };
}

function startAttributes(
  { file, args }: RunStartMessage,
  name: string,
  commandArgs: boolean,
): Attributes {
  return {
    [names.PROCESS_EXECUTABLE_NAME]: name,
    [names.PROCESS_COMMAND]: file,
    [names.PROCESS_PARENT_PID]: process.pid,
    // Where PATH or a folder decides, which file it was is not known.
    ...(isAbsolute(file) ? { [names.PROCESS_EXECUTABLE_PATH]: file } : {}),
    ...(commandArgs ? { [names.PROCESS_COMMAND_ARGS]: [file, ...args] } : {}),
  };
}

function finish(span: Span, message: RunEndMessage): void {
  const { completion } = message;
  span.setAttributes(endAttributes(message));
  const type = names.runErrorType(message);
  if (type !== undefined) {
    if (completion.error !== undefined) span.recordException(completion.error);
    span.setAttribute(names.ERROR_TYPE, type);
    const description = completion.error?.message ?? `${completion.status}: ${type}`;
    span.setStatus({ code: SpanStatusCode.ERROR, message: description });
  }
  span.end();
}

function endAttributes({ completion }: RunEndMessage): Attributes {
  const { status, exit, termination, truncated, cause } = completion;
  const attributes: Attributes = {
    [names.RUN_STATUS]: status,
    [names.TERMINATION_METHOD]: termination.method,
    [names.OUTPUT_TRUNCATED]: truncated,
  };
  if (termination.method === 'failed') {
    attributes[names.TERMINATION_SURVIVORS] = termination.survivors.length;
  }
  if (exit !== null) {
    attributes[names.EXIT_KNOWN] = exit.known;
    attributes[names.EXIT_CORE_DUMPED] = exit.coreDumped;
    if (exit.code !== null) attributes[names.PROCESS_EXIT_CODE] = exit.code;
    if (exit.signal !== null) attributes[names.EXIT_SIGNAL] = exit.signal;
  }
  if (cause === 'oom') attributes[names.OOM_KILLED] = true;
  return attributes;
}
