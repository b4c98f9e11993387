/** What the lines of a journal come to: one state a child. */
import {
  lineText,
  type EndedLine,
  type Line,
  type RunningLine,
  type StartingLine,
} from './records.js';

export interface RecordState {
  readonly starting: StartingLine;
  readonly running?: RunningLine;
  readonly ended?: EndedLine;
  readonly released?: true;
}

export const isFinished = (state: RecordState): boolean => state.ended?.settled === true;

/** All that is known of a child, in a line. */
export function wholeText({ starting, running, ended }: RecordState): string {
  return lineText({
    t: 'whole',
    key: starting.key,
    starting,
    ...(running === undefined ? {} : { running }),
    ...(ended === undefined ? {} : { ended }),
  });
}

/**
 * Takes lines in the order in which they were written. Finished children are handed on at once and not
 * kept, so that memory grows with the unfinished ones only.
 */
export class Fold {
  readonly unfinished = new Map<string, RecordState>();
  /** The lines of an unfinished child as they stand: to write them again costs nothing then. */
  readonly #texts = new Map<string, string>();
  readonly #onFinished: (state: RecordState, text: string) => void;

  /** `onFinished` gets a child's state, and all that is known of it in one line. */
  constructor(onFinished: (state: RecordState, text: string) => void) {
    this.#onFinished = onFinished;
  }

  /** `text` is the line without its end. False: it speaks of a child whose first line is missing. */
  take(line: Line, text: string): boolean {
    const { key } = line;
    if (line.t === 'starting') {
      this.#texts.set(key, `{"t":"whole","key":"${key}","starting":${text}`);
      return this.#put({ starting: line });
    }
    if (line.t === 'whole') {
      const { starting, running, ended } = line;
      const state: RecordState = {
        starting,
        ...(running === undefined ? {} : { running }),
        ...(ended === undefined ? {} : { ended }),
      };
      this.#texts.set(key, text.slice(0, -1));
      return this.#put(state);
    }
    const state = this.unfinished.get(key);
    if (state === undefined) return false;
    if (line.t === 'released') return this.#put({ ...state, released: true });
    this.#texts.set(key, `${this.#texts.get(key) ?? ''},"${line.t}":${text}`);
    if (line.t === 'running') return this.#put({ ...state, running: line });
    return this.#put({ ...state, ended: line });
  }

  #put(state: RecordState): true {
    const { key } = state.starting;
    if (isFinished(state)) {
      this.unfinished.delete(key);
      const text = `${this.#texts.get(key) ?? ''}}\n`;
      this.#texts.delete(key);
      this.#onFinished(state, text);
    } else {
      this.unfinished.set(key, state);
    }
    return true;
  }
}
