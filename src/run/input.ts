/** Feeds a job's standard input and closes it. */
import { pipeline, type Readable, type Writable } from 'node:stream';

/**
 * Returns how to ask whether the input itself failed. That the program stopped reading (EPIPE, or its
 * end) is the program's business and no failure.
 */
export function feedInput(
  stdin: Writable | null,
  input: string | Uint8Array | Readable | undefined,
): () => Error | undefined {
  let failure: Error | undefined;
  if (stdin === null) return () => undefined;
  if (input === undefined || typeof input === 'string' || input instanceof Uint8Array) {
    // Without input, a pipe that nobody writes to would keep the program waiting for ever.
    stdin.end(input);
    return () => undefined;
  }
  // Only the source's own error: pipeline also destroys it when the program stops reading.
  const onError = (error: Error): void => {
    if (!stdin.destroyed && !stdin.errored) failure = error;
  };
  input.on('error', onError);
  pipeline(input, stdin, () => undefined);
  return () => failure;
}
