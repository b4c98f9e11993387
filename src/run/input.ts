/** Feeds a job's standard input and closes it. */
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';

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
  // The program may end while the source is silent: then nothing more is asked of it.
  stdin.once('close', () => input.destroy());
  pump(input, stdin).catch((error: unknown) => {
    if (!stdin.destroyed) failure = error as Error;
    stdin.end();
  });
  return () => failure;
}

async function pump(input: Readable, stdin: Writable): Promise<void> {
  for await (const chunk of input) {
    if (stdin.destroyed) return;
    if (!stdin.write(chunk)) await Promise.race([once(stdin, 'drain'), once(stdin, 'close')]);
  }
  stdin.end();
}
