/**
 * Whether what is written now could be found by the next supervisor: a directory can be removed, replaced
 * or renamed under us, and files that we have open take what we write all the same. They can't be mistaken
 * for new ones, since the number of a file that is open is not given away.
 */
import { stat } from 'node:fs/promises';

import { JournalReplacedError } from '../errors/index.js';

/** A file as it was when it was opened. */
export class Place {
  readonly #path: string;
  readonly #device: bigint;
  readonly #inode: bigint;

  constructor(path: string, { dev, ino }: { readonly dev: bigint; readonly ino: bigint }) {
    this.#path = path;
    this.#device = dev;
    this.#inode = ino;
  }

  /** Rejects with JournalReplacedError, or a system error, if another file or none is there now. */
  async check(): Promise<void> {
    // Not opened: closing any descriptor of the lock would drop the lock.
    const { dev, ino } = await stat(this.#path, { bigint: true });
    if (dev !== this.#device || ino !== this.#inode) throw new JournalReplacedError(this.#path);
  }
}

/** Of a file that was locked or made a moment ago. */
export async function placeOf(path: string): Promise<Place> {
  return new Place(path, await stat(path, { bigint: true }));
}
