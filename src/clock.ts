/**
 * The clocks and timers that this library lives by, taken when it is loaded: a program that puts fake ones
 * in their place later (vitest, jest, sinon, node:test) means its own, while children go on in real time.
 * Nothing else in src may use the global ones; eslint sees to that.
 */

/** Each calls back in the async context of its call. */
export const { setTimeout, clearTimeout, setImmediate, queueMicrotask } = globalThis;

/** Milliseconds of a clock that is never set; counts from somewhere. */
export const now: () => number = performance.now.bind(performance);

/** Milliseconds since the epoch. */
export const wallClock: () => number = Date.now.bind(Date);

const { hrtime } = process;

/** Nanoseconds of CLOCK_MONOTONIC, the clock of the native threads. */
export const monotonicNs: () => bigint = hrtime.bigint.bind(hrtime);

/** The same in milliseconds. */
export function monotonicMs(): number {
  const [seconds, nanoseconds] = hrtime();
  return seconds * 1000 + nanoseconds / 1e6;
}
