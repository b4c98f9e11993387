/**
 * An escalation as data: a list of steps, each of which ends as soon as the scope is empty and gives
 * way to the next when its wait is over.
 */
import { AsyncResource } from 'node:async_hooks';

import { invalidType, invalidValue } from '../errors/index.js';
import { signalNumber, type Signal } from '../signals.js';
import { SCOPES, type Scope } from './scope.js';
import {
  checkDuration,
  checkFunction,
  checkList,
  checkOneOf,
  checkOptions,
  isObject,
} from './validate.js';

/** Closes the child's standard input, if this library holds it; else the step is passed over. */
export interface EofStep {
  readonly eof: true;
  /** Milliseconds to wait for the scope to become empty. `Infinity`: no limit. */
  readonly wait: number;
}

/** Sends a signal, and SIGCONT after it, since a stopped process would not heed the signal. */
export interface SignalStep {
  readonly signal: Signal;
  /** @default the child's own scope */
  readonly scope?: Scope;
  /** Milliseconds to wait for the scope to become empty. `Infinity`: no limit. */
  readonly wait: number;
}

/**
 * Runs a function of the caller's (awaited if it is asynchronous): say "quit" over a socket, call an API. What it throws is recorded
 * in the step's report, and the escalation goes on.
 */
export interface ActionStep<Target = unknown> {
  readonly action: (child: Target) => unknown;
  /** Milliseconds, the action's own time included. `Infinity`: no limit. */
  readonly wait: number;
}

export type EscalationStep<Target = unknown> = EofStep | SignalStep | ActionStep<Target>;

/** How to end a child; the same in `spawn`, `run` and `terminate`. Times are milliseconds. */
export interface EscalationOptions<Target = unknown> {
  /** How long to wait after closing standard input. @default 1000 */
  readonly eofWait?: number | undefined;
  /** The grace period: how long to wait after SIGTERM. @default 5000 */
  readonly grace?: number | undefined;
  /** How long to wait after SIGKILL; what lives then is reported as a survivor. @default 2000 */
  readonly killWait?: number | undefined;
  /** The steps, in place of the default ones; the three waits above then have no effect. */
  readonly escalation?: readonly EscalationStep<Target>[] | undefined;
}

export const ESCALATION_KEYS = ['eofWait', 'grace', 'killWait', 'escalation'] as const;

const DEFAULT_EOF_WAIT = 1000;
const DEFAULT_GRACE = 5000;
const DEFAULT_KILL_WAIT = 2000;

const STEP_KEYS: ReadonlySet<string> = new Set(['eof', 'signal', 'scope', 'action', 'wait']);

// Who later starts the escalation, or lets it come to this step, is a stranger to the function.
function inThisContext<Target>(action: ActionStep<Target>['action']): ActionStep<Target>['action'] {
  const context = new AsyncResource('ReapwellAction');
  return (child) => context.runInAsyncScope(action, undefined, child);
}

function checkStep<Target>(name: string, step: unknown): EscalationStep<Target> {
  if (!isObject(step)) throw invalidType(name, 'an escalation step', step);
  const value = checkOptions(step, STEP_KEYS, name);
  const wait = checkDuration(`${name}.wait`, value.wait);
  const kinds = ['eof', 'signal', 'action'].filter((kind) => value[kind] !== undefined);
  if (kinds.length !== 1) {
    throw invalidValue(name, 'must have exactly one of eof, signal and action', step);
  }
  if (value.scope !== undefined && value.signal === undefined) {
    throw invalidValue(`${name}.scope`, 'goes with a signal only', value.scope);
  }
  if (value.eof !== undefined) {
    if (value.eof !== true) throw invalidValue(`${name}.eof`, 'must be true', value.eof);
    return { eof: true, wait };
  }
  if (value.action !== undefined) {
    const action = checkFunction<ActionStep<Target>['action']>(`${name}.action`, value.action);
    return { action: inThisContext(action), wait };
  }
  signalNumber(value.signal);
  const signal = value.signal as Signal;
  if (value.scope === undefined) return { signal, wait };
  return { signal, scope: checkOneOf(`${name}.scope`, value.scope, SCOPES), wait };
}

/** What a caller chose, checked and copied: later changes to the caller's objects change nothing. */
export interface EscalationChoice<Target> {
  readonly eofWait?: number;
  readonly grace?: number;
  readonly killWait?: number;
  readonly escalation?: readonly EscalationStep<Target>[];
}

const WAITS = ['eofWait', 'grace', 'killWait'] as const;

const NOTHING_CHOSEN = Object.freeze({});

/** `options` has passed checkOptions. */
export function chooseEscalation<Target>(
  options: Record<string, unknown>,
): EscalationChoice<Target> {
  // As of most children, which then share one.
  if (ESCALATION_KEYS.every((key) => options[key] === undefined)) return NOTHING_CHOSEN;
  const waits: Partial<Record<(typeof WAITS)[number], number>> = {};
  for (const key of WAITS) {
    const value = options[key];
    if (value !== undefined) waits[key] = checkDuration(`options.${key}`, value);
  }
  const list = options.escalation;
  if (list === undefined) return waits;
  const escalation = checkList('options.escalation', list, 'steps', checkStep<Target>);
  if (escalation.length === 0) throw invalidValue('options.escalation', 'must not be empty', list);
  return { ...waits, escalation };
}

/** The steps of a choice; what it leaves open is taken from `inherited`, then from the defaults. */
export function stepsOf<Target>(
  choice: EscalationChoice<Target>,
  inherited: EscalationChoice<Target> = {},
): readonly EscalationStep<Target>[] {
  if (choice.escalation !== undefined) return choice.escalation;
  // A wait that is given now is meant to count, so it wins over a list that was given at the start.
  const saysHow = WAITS.some((key) => choice[key] !== undefined);
  if (inherited.escalation !== undefined && !saysHow) return inherited.escalation;
  const wait = (key: (typeof WAITS)[number], fallback: number): number =>
    choice[key] ?? inherited[key] ?? fallback;
  return [
    { eof: true, wait: wait('eofWait', DEFAULT_EOF_WAIT) },
    { signal: 'SIGTERM', wait: wait('grace', DEFAULT_GRACE) },
    { signal: 'SIGKILL', wait: wait('killWait', DEFAULT_KILL_WAIT) },
  ];
}
