/** Reads what a child writes to one pipe, and knows when it has fallen silent. */
import type { Pipe } from '../stdio/pipe.js';
import { Timer } from '../timer.js';

// A process that escaped the scope may hold the pipe and go on writing for ever, each chunk putting
// the end of the silence off: after this many silences' worth of time it is cut.
const MOST_SILENCES = 20;

export class Capture {
  readonly #pipe: Pipe | null;
  readonly #take: (chunk: Buffer) => void;
  #brokenOff = false;
  #closed: boolean;
  #begun = false;
  #onChange: (() => void) | undefined;

  /** `take` must not throw; the chunk is its own. */
  constructor(pipe: Pipe | null, take: (chunk: Buffer) => void) {
    this.#pipe = pipe;
    this.#take = take;
    this.#closed = pipe === null;
  }

  /** Not at once: of a program that is over soon it is cheaper to take all at its end. */
  begin(): void {
    if (this.#begun) return;
    this.#begun = true;
    const stream = this.#pipe?.stream;
    stream?.on('data', (chunk: Buffer) => {
      this.#take(chunk);
      this.#onChange?.();
    });
    // At once, and not in a next tick that may be a fake one (see PipeStream).
    stream?.read(0);
    // An error while reading ends it as well; what came before is kept.
    stream?.on('error', () => this.#close());
    stream?.on('close', () => this.#close());
    stream?.on('end', () => this.#close());
  }

  /** More was still coming when the wait for it was over. */
  get brokenOff(): boolean {
    return this.#brokenOff;
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
        this.#brokenOff = true;
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
}
