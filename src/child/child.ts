/** A process that we started: with our ends of its pipes. */
import type { Readable, Writable } from 'node:stream';

import type { OutputLine } from '../options/output-line.js';
import type { PipeStream } from '../stdio/pipe-stream.js';
import { LineFeed } from './lines.js';
import { Process } from './process.js';

export class Child extends Process {
  #streams: readonly (PipeStream | null)[] | undefined;
  #lines: LineFeed | undefined;

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
   * when both have. A line ends at \n or \r\n; the last one need not. What is no UTF-8 becomes U+FFFD.
   * A line of more than 512 MiB comes in pieces.
   *
   * No more is read than the loop takes, so that a slow one makes the child wait. What a loop that breaks
   * off has not been told is there for the next one, and for whoever then reads the streams in another
   * way. Loops at the same time share the lines: each goes to one of them. Reading the streams otherwise
   * meanwhile splits them.
   *
   * Throws the error of a stream that fails, behind the lines that came before it.
   */
  lines(): AsyncIterableIterator<OutputLine> {
    const [, stdout = null, stderr = null] = this.stdio;
    return (this.#lines ??= new LineFeed({ stdout, stderr })).read();
  }
}
