/** When, and by whose end, a child is ended: what `onExit`, `parentDeathSignal` and `timeout` come to. */
import { signalNumber } from '../signals.js';
import { checkDuration, checkOneOf } from './validate.js';

export type OnExit = 'terminate' | 'leave';

export interface EndPlan {
  readonly onExit: OnExit;
  /** A signal's number; 0 for none. */
  readonly parentDeathSignal: number;
  /** Milliseconds; Infinity for none. */
  readonly timeout: number;
}

const DEFAULT_PARENT_DEATH_SIGNAL = 'SIGTERM';

/**
 * `onExit` and `parentDeathSignal` are two halves of one answer: what becomes of the child when we end,
 * and when we are killed. So the one that is not given follows the other. `whenUntold`: what `onExit` is
 * where only the parent-death signal was taken out. `options` has passed checkOptions.
 */
export function planEnd(options: Record<string, unknown>, whenUntold: OnExit): EndPlan {
  const { onExit, parentDeathSignal, timeout } = options;
  const what =
    onExit === undefined
      ? parentDeathSignal === null
        ? whenUntold
        : 'terminate'
      : checkOneOf('options.onExit', onExit, ['terminate', 'leave']);
  return {
    onExit: what,
    parentDeathSignal: planParentDeath(parentDeathSignal, what),
    timeout: planTimeout(timeout),
  };
}

function planParentDeath(signal: unknown, onExit: OnExit): number {
  if (signal === null) return 0;
  if (signal !== undefined) return signalNumber(signal);
  return onExit === 'leave' ? 0 : signalNumber(DEFAULT_PARENT_DEATH_SIGNAL);
}

/** 0 is none, as in node:child_process. */
function planTimeout(timeout: unknown): number {
  return timeout === undefined ? Infinity : checkDuration('options.timeout', timeout) || Infinity;
}
