/** A process that we started: with our ends of its pipes. */
import type { Readable, Writable } from 'node:stream';

import type { PipeStream } from '../stdio/pipe-stream.js';
import { readLines, type OutputLine } from './lines.js';
import { Process } from './process.js';

export class Child extends Process {
  /** Standard streams and extra descriptors: a stream where `stdio` said 'pipe', else null. */
  get stdio(): readonly (PipeStream | null)[] {
    return this.pipes;
  }

  get stdin(): Writable | null {
    return this.pipes[0] ?? null;
  }

  get stdout(): Readable | null {
    return this.pipes[1] ?? null;
  }

  get stderr(): Readable | null {
    return this.pipes[2] ?? null;
  }

  /**
   * Standard output and standard error by line, in the order in which the lines were completed; ends
   * when both have. Reading them in any other way at the same time splits them.
   */
  lines(): AsyncIterableIterator<OutputLine> {
    return readLines({ stdout: this.stdout, stderr: this.stderr });
  }
}
