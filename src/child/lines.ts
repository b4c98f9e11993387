/** A child's output by line. */
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

export interface OutputLine {
  readonly from: 'stdout' | 'stderr';
  /** Without its line end. */
  readonly text: string;
}

type Sources = Readonly<Record<OutputLine['from'], Readable | null>>;

// Lines that wait for the loop to take them; beyond that the pipes are not read, and the child waits.
const MOST_WAITING = 1024;

export async function* readLines(sources: Sources): AsyncGenerator<OutputLine, void, undefined> {
  const waiting: OutputLine[] = [];
  let wake: (() => void) | undefined;
  const readers = (['stdout', 'stderr'] as const).flatMap((from) => {
    const input = sources[from];
    if (input === null) return [];
    const reader = createInterface({ input, crlfDelay: Infinity });
    reader.on('line', (text) => {
      waiting.push({ from, text });
      if (waiting.length >= MOST_WAITING) for (const each of readers) each.pause();
      wake?.();
    });
    return [reader];
  });
  let open = readers.length;
  for (const reader of readers) {
    reader.on('close', () => {
      open--;
      wake?.();
    });
  }
  try {
    for (;;) {
      const line = waiting.shift();
      if (line !== undefined) {
        yield line;
      } else if (open === 0) {
        return;
      } else {
        for (const reader of readers) reader.resume();
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
  } finally {
    for (const reader of readers) reader.close();
  }
}
