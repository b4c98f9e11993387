/** Collects what a child writes to one pipe, up to a limit, and knows when it has fallen silent. */
import { StringDecoder } from 'node:string_decoder';

import type { Pipe } from '../stdio/pipe.js';
import { Timer } from '../timer.js';

// A process that escaped the scope may hold the pipe and go on writing for ever, each chunk putting
// the end of the silence off: after this many silences' worth of time it is cut.
const MOST_SILENCES = 20;

export class Capture {
  readonly #pipe: Pipe | null;
  readonly #limit: number;
  readonly #chunks: Buffer[] = [];
  #kept = 0;
  #bytes = 0;
  #cut = false;
  #closed: boolean;
  #begun = false;
  #onChange: (() => void) | undefined;

  constructor(pipe: Pipe | null, limit: number) {
    this.#pipe = pipe;
    this.#limit = limit;
    this.#closed = pipe === null;
  }

  /** Not at once: of a program that is over soon it is cheaper to take all at its end. */
  begin(): void {
    if (this.#begun) return;
    this.#begun = true;
    const stream = this.#pipe?.stream;
    stream?.on('data', (chunk: Buffer) => this.#take(chunk));
    // An error while reading ends it as well; what came before is kept.
    stream?.on('error', () => this.#close());
    stream?.on('close', () => this.#close());
    stream?.on('end', () => this.#close());
  }

  /** Bytes seen, kept or not. */
  get bytes(): number {
    return this.#bytes;
  }

  get truncated(): boolean {
    return this.#cut;
  }

  #take(chunk: Buffer): void {
    this.#bytes += chunk.length;
    const room = this.#limit - this.#kept;
    if (chunk.length > room) this.#cut = true;
    // The rest is still read, so that the child is not stopped by a full pipe.
    const kept = chunk.length > room ? chunk.subarray(0, room) : chunk;
    if (kept.length > 0) this.#chunks.push(kept);
    this.#kept += kept.length;
    this.#onChange?.();
  }

  #close(): void {
    this.#closed = true;
    this.#onChange?.();
  }

  /** Resolves when the pipe has closed, or `idle` ms have passed without a chunk; then stops reading. */
  async drain(idle: number): Promise<void> {
    this.#takeAll();
    if (!this.#closed) await this.#silence(idle);
    this.#pipe?.destroy();
  }

  #takeAll(): void {
    const all = this.#begun ? undefined : this.#pipe?.takeAll();
    if (all === undefined) return this.begin();
    for (const chunk of all) this.#take(chunk);
    this.#closed = true;
  }

  #silence(idle: number): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        overall.clear();
        silence.clear();
        this.#onChange = undefined;
        resolve();
      };
      const overall = new Timer(idle * MOST_SILENCES, () => {
        this.#cut = true;
        end();
      });
      let silence = new Timer(idle, end);
      this.#onChange = () => {
        silence.clear();
        if (this.#closed) end();
        else silence = new Timer(idle, end);
      };
    });
  }

  toBuffer(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  /** A character that the limit cut in two is left out, not replaced. */
  toText(): string {
    const decoder = new StringDecoder('utf8');
    const text = decoder.write(this.toBuffer());
    return this.#cut ? text : text + decoder.end();
  }
}
