/** Tells of output while it comes: by chunk and by line. */
import { queueMicrotask } from '../clock.js';
import type { OutputLine } from '../options/output-line.js';
import { LineSplitter } from '../stdio/line-splitter.js';
import type { RunPlan } from './plan.js';

/** Bytes of a line that are held until it ends; a longer one is told in pieces. */
const LONGEST_LINE = 64 * 1024 * 1024;

/** What it throws is the program's uncaught exception, as a listener's is; the job goes on. */
function call<Args extends unknown[]>(callback: (...args: Args) => void, ...args: Args): void {
  try {
    callback(...args);
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}

export class Teller {
  readonly #plan: RunPlan;
  readonly #from: OutputLine['from'];
  readonly #lines = new LineSplitter(LONGEST_LINE);

  constructor(plan: RunPlan, from: OutputLine['from']) {
    this.#plan = plan;
    this.#from = from;
  }

  /** `chunk`: what came; `whole`: as many characters as are whole with it, if it is text. */
  tell(chunk: Buffer, whole: Buffer): void {
    this.#tellOutput(whole);
    if (this.#plan.onLine !== undefined) this.#tellLines(this.#lines.push(chunk));
  }

  /** There is no more; `rest`: the beginning of a character. */
  end(rest: Buffer | undefined): void {
    if (rest !== undefined) this.#tellOutput(rest);
    this.#tellLines(this.#lines.end());
  }

  #tellOutput(bytes: Buffer): void {
    const { onOutput, encoding } = this.#plan;
    if (onOutput === undefined || bytes.length === 0) return;
    // Bytes are copied: what somebody does to them must not change what is captured.
    call(onOutput, encoding === 'utf8' ? bytes.toString('utf8') : Buffer.from(bytes), this.#from);
  }

  #tellLines(texts: readonly string[]): void {
    const { onLine } = this.#plan;
    if (onLine === undefined) return;
    for (const text of texts) call(onLine, { from: this.#from, text });
  }
}
