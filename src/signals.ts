/** Signal names and numbers. */
import { constants } from 'node:os';

import { unknownSignal } from './errors/index.js';

/**
 * A signal as Node names it (`'SIGTERM'`), or its number where it has no name: the real-time signals
 * 34 to 64 (32 and 33 are libc's own). See signal(7).
 */
export type Signal = NodeJS.Signals | number;

const LAST_SIGNAL = 64;

const NUMBERS: ReadonlyMap<string, number> = new Map(Object.entries(constants.signals));

// Aliases (SIGIOT, SIGPOLL) share a number; the name that POSIX prefers comes first here.
const PREFERRED = ['SIGABRT', 'SIGIO'];
const NAMES: ReadonlyMap<number, NodeJS.Signals> = new Map(
  [...NUMBERS.entries()]
    .sort(([a], [b]) => Number(PREFERRED.includes(a)) - Number(PREFERRED.includes(b)))
    .map(([name, number]) => [number, name as NodeJS.Signals]),
);

export function signalName(number: number): Signal {
  return NAMES.get(number) ?? number;
}

/** Throws a TypeError with code ERR_UNKNOWN_SIGNAL. 0 is refused: it signals nothing. */
export function signalNumber(signal: unknown): number {
  const number = typeof signal === 'string' ? NUMBERS.get(signal) : signal;
  if (
    typeof number !== 'number' ||
    !Number.isInteger(number) ||
    number < 1 ||
    number > LAST_SIGNAL
  ) {
    throw unknownSignal(signal);
  }
  return number;
}
