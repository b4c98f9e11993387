// Waiting on a condition with a deadline: what the tests do instead of sleeping.

export interface WaitOptions {
  /** How long the condition has to come true, in milliseconds. */
  timeout?: number;
  /** Named in the failure: what did not come true. */
  what?: string;
}

const interval = 5;

/** Resolves with the first truthy value of the condition; rejects, naming `what`, at the deadline. */
export async function waitFor<T>(
  condition: () => T | Promise<T>,
  { timeout = 10_000, what = 'the condition' }: WaitOptions = {},
): Promise<NonNullable<T>> {
  // A stack of the caller's: one made after the first await would not name the test.
  const failure = new Error(`not within ${timeout} ms: ${what}`);
  const deadline = performance.now() + timeout;
  for (;;) {
    // Noted first: a condition that took long to look must still get its look after the deadline.
    const late = performance.now() >= deadline;
    const value = await condition();
    if (value) return value;
    if (late) throw failure;
    await new Promise((resolve) => setTimeout(resolve, interval));
  }
}
