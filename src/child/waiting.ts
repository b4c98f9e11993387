/** Deadlines and abort signals around a child. */
import { onAbort } from '../abort.js';
import { queueMicrotask } from '../clock.js';
import { AbortError, TimeoutError } from '../errors/index.js';
import { Timer } from '../timer.js';

/** Why this library ended a child. */
export type EndedBy = 'timeout' | 'abort' | 'terminate';

function nothing(): void {}

interface Waiter {
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

// A promise can't be let go of: each `then` of a wait that ended early would stay with a child that
// lives for months. So a promise has one, and the waits are in a set that they leave.
const waiters = new WeakMap<Promise<unknown>, Set<Waiter>>();

function waitersOf(promise: Promise<unknown>): Set<Waiter> {
  const known = waiters.get(promise);
  if (known !== undefined) return known;
  const all = new Set<Waiter>();
  waiters.set(promise, all);
  const settle = (tell: (waiter: Waiter) => void): void => {
    waiters.delete(promise);
    all.forEach(tell);
  };
  promise.then(
    (value) => settle((waiter) => waiter.resolve(value)),
    (error: unknown) => settle((waiter) => waiter.reject(error)),
  );
  return all;
}

/** `promise`, unless the time is up (TimeoutError) or the signal fires (AbortError) first. */
export function waitFor<T>(
  promise: Promise<T>,
  what: string,
  timeout: number,
  signal: AbortSignal | undefined,
): Promise<T> {
  if (signal?.aborted === true) return Promise.reject(new AbortError(what, signal));
  return new Promise((resolve, reject) => {
    const clean = (): void => {
      timer.clear();
      callOff();
      all.delete(waiter);
    };
    const waiter: Waiter = {
      resolve: (value) => {
        clean();
        resolve(value as T);
      },
      reject: (error) => {
        clean();
        reject(error);
      },
    };
    const timer = new Timer(timeout, () => waiter.reject(new TimeoutError(what, timeout)));
    const callOff =
      signal === undefined
        ? nothing
        : onAbort(signal, () => waiter.reject(new AbortError(what, signal)));
    const all = waitersOf(promise);
    all.add(waiter);
  });
}

/** Calls back once, when the time is up or the signal fires; returns how to call that off. */
export function endOn(
  signal: AbortSignal | undefined,
  timeout: number,
  end: (cause: EndedBy) => void,
): () => void {
  if (signal === undefined && timeout === Infinity) return nothing;
  const finish = (cause: EndedBy): void => {
    stop();
    end(cause);
  };
  // The child itself keeps the event loop alive as long as it should be.
  const timer = new Timer(timeout, () => finish('timeout')).reference(false);
  const callOff = signal === undefined ? nothing : onAbort(signal, () => finish('abort'));
  const stop = (): void => {
    timer.clear();
    callOff();
  };
  if (signal?.aborted === true) queueMicrotask(() => finish('abort'));
  return stop;
}
