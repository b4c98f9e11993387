/**
 * Whose call an error is of. One that is made where an event is told has that event's stack, which says
 * nothing. To keep the stack of each call for the case that it fails takes 5 to 10 µs; what awaits the
 * call is known for nothing where the failure is told.
 */

/**
 * Gives an error the stack of the async function that this is called in, with whoever awaits it. To be
 * called behind its first `await`.
 */
export function withAwaiters<E>(error: E): E {
  // The name and the message are put above it as they are now.
  if (error instanceof Error) Error.captureStackTrace(error, withAwaiters);
  return error;
}

/** A promise whose error shows who awaits it, where it is awaited by an async function of ours. */
export async function tellingAwaiters<T>(promise: Promise<T>): Promise<T> {
  try {
    return await promise;
  } catch (error) {
    throw withAwaiters(error);
  }
}
