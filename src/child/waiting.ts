/** Deadlines and abort signals around a child. */
import { AbortError, TimeoutError } from '../errors/index.js';
import { Timer } from '../timer.js';

/** Why this library ended a child. */
export type EndedBy = 'timeout' | 'abort' | 'terminate';

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
      signal?.removeEventListener('abort', onAbort);
    };
    const fail = (error: Error): void => {
      clean();
      reject(error);
    };
    const timer = new Timer(timeout, () => fail(new TimeoutError(what, timeout)));
    const onAbort = (): void => {
      if (signal !== undefined) fail(new AbortError(what, signal));
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(clean);
  });
}

function nothing(): void {}

/** Calls back once, when the time is up or the signal fires; returns how to call that off. */
export function endOn(
  signal: AbortSignal | undefined,
  timeout: number,
  end: (cause: EndedBy) => void,
): () => void {
  if (signal === undefined && timeout === Infinity) return nothing;
  const timer = new Timer(timeout, () => finish('timeout'));
  const onAbort = (): void => finish('abort');
  const stop = (): void => {
    timer.clear();
    signal?.removeEventListener('abort', onAbort);
  };
  const finish = (cause: EndedBy): void => {
    stop();
    end(cause);
  };
  // The child itself keeps the event loop alive as long as it should be.
  timer.reference(false);
  signal?.addEventListener('abort', onAbort, { once: true });
  if (signal?.aborted === true) queueMicrotask(() => finish('abort'));
  return stop;
}
