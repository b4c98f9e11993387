/** A process that we started: with our ends of its pipes. */
import type { Readable, Writable } from 'node:stream';

import type { PipeStream } from '../stdio/pipe-stream.js';
import { readLines, type OutputLine } from './lines.js';
import { Process } from './process.js';

export class Child extends Process {
  #streams: readonly (PipeStream | null)[] | undefined;

  /** Standard streams and extra descriptors: a stream where `stdio` said 'pipe', else null. */
  get stdio(): readonly (PipeStream | null)[] {
    return (this.#streams ??= this.pipes.map((pipe) => pipe?.stream ?? null));
  }

  get stdin(): Writable | null {
    return this.pipes[0]?.stream ?? null;
  }

  get stdout(): Readable | null {
    return this.pipes[1]?.stream ?? null;
  }

  get stderr(): Readable | null {
    return this.pipes[2]?.stream ?? null;
  }

  /**
   * Standard output and standard error by line, in the order in which the lines were completed; ends
   * when both have. Reading them in any other way at the same time splits them.
   */
  lines(): AsyncIterableIterator<OutputLine> {
    return readLines({ stdout: this.stdout, stderr: this.stderr });
  }
}
