/**
 * Appends lines to one file: what comes in one turn in one write, whole lines or nothing. Nothing
 * here blocks the event loop.
 *
 * Without fsync: the page cache outlives every crash of ours, and what a crash of the machine takes
 * away is the record of processes that it has taken too.
 */
import { open, type FileHandle } from 'node:fs/promises';

import { Timer } from '../timer.js';
import { Place } from './place.js';

interface Waiting {
  readonly text: string;
  /** Kept and tried again if it can't be written now. */
  readonly keep: boolean;
  /** False: put off. */
  readonly resolve: (saved: boolean) => void;
  readonly reject: (error: Error) => void;
}

const RETRY = 1000;

export class Writer {
  #path: string;
  readonly #header: string;
  readonly #lock: Place;
  #file: FileHandle | undefined;
  #place: Place | undefined;
  /** Bytes in the file that are whole lines. */
  #size = 0;
  /** A torn line is at the end of the file and could not be cut off. */
  #torn = false;
  #queue: Waiting[] = [];
  #writing: Promise<void> | undefined;
  #unsaved = '';
  #retry: Timer | undefined;
  /** Why the last write failed; undefined if it did not. */
  failure: Error | undefined;

  /** The file is made at the first write, with `header`, if it does not exist. `lock`: the directory's. */
  constructor(path: string, header: string, lock: Place) {
    this.#path = path;
    this.#lock = lock;
    this.#header = header;
  }

  get path(): string {
    return this.#path;
  }

  /** Resolves once `text`, whole lines, is in the file; rejects if it can't be, and then it is not. */
  append(text: string): Promise<boolean> {
    return this.#add(text, false);
  }

  /** The same, but what can't be written is kept, and written when that is possible: false. */
  record(text: string): Promise<boolean> {
    return this.#add(text, true);
  }

  #add(text: string, keep: boolean): Promise<boolean> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ text, keep, resolve, reject });
      this.#writing ??= this.#drain();
    });
  }

  async #drain(): Promise<void> {
    while (this.#queue.length > 0) {
      const batch = this.#queue;
      this.#queue = [];
      try {
        await this.#write(this.#unsaved + batch.map(({ text }) => text).join(''));
        this.#saved();
        for (const { resolve } of batch) resolve(true);
      } catch (error) {
        this.#failed(batch, error as Error);
      }
    }
    this.#writing = undefined;
  }

  #saved(): void {
    this.#unsaved = '';
    this.failure = undefined;
    this.#retry?.clear();
    this.#retry = undefined;
  }

  #failed(batch: readonly Waiting[], error: Error): void {
    this.failure = error;
    for (const { text, keep, resolve, reject } of batch) {
      if (keep) {
        this.#unsaved += text;
        resolve(false);
      } else {
        reject(error);
      }
    }
    if (this.#unsaved === '' || this.#retry !== undefined) return;
    this.#retry = new Timer(RETRY, () => {
      this.#retry = undefined;
      void this.record('');
    }).reference(false);
  }

  async #write(text: string): Promise<void> {
    await this.checkPlace();
    const file = await this.#open();
    // A torn header would make the whole file unreadable: it must go first.
    if (this.#torn && this.#size === 0) await file.truncate(0);
    const before = this.#size === 0 ? this.#header : this.#torn ? '\n' : '';
    const bytes = Buffer.from(before + text);
    let written = 0;
    try {
      while (written < bytes.length) {
        written += (await file.write(bytes, written)).bytesWritten;
      }
    } catch (error) {
      if (written > 0) await this.#cutOff(file);
      throw error;
    }
    // What was torn is in the file, too.
    this.#size = this.#torn ? (await file.stat()).size : this.#size + bytes.length;
    this.#torn = false;
  }

  /** Rejects if nobody would find what is written into the file, or heed the lock. */
  async checkPlace(): Promise<void> {
    await Promise.all([this.#lock.check(), this.#place?.check()]);
  }

  async #open(): Promise<FileHandle> {
    if (this.#file === undefined) {
      const file = await open(this.#path, 'a', 0o600);
      const { dev, ino, size } = await file.stat({ bigint: true });
      this.#size = Number(size);
      this.#place = new Place(this.#path, { dev, ino });
      this.#file = file;
    }
    return this.#file;
  }

  // The rest of a line that did not fit would swallow the next one.
  async #cutOff(file: FileHandle): Promise<void> {
    try {
      await file.truncate(this.#size);
    } catch {
      this.#torn = true;
    }
  }

  /**
   * Everything that was added so far is in the file, or has failed; then `change` puts another file in
   * its place, and says so before it removes this one. What is added meanwhile goes to the file that
   * there is afterwards.
   */
  async replace(change: (moved: (path: string) => void) => Promise<void>): Promise<void> {
    while (this.#writing !== undefined) await this.#writing;
    const replaced = this.#replace(change);
    // Whoever waits for the writing is not told of what went wrong here.
    this.#writing = replaced.catch(() => undefined).then(() => this.#drain());
    await replaced;
  }

  async #replace(change: (moved: (path: string) => void) => Promise<void>): Promise<void> {
    const before = this.#path;
    try {
      await change((path) => {
        this.#path = path;
      });
    } finally {
      if (this.#path !== before) {
        const file = this.#file;
        this.#file = undefined;
        this.#place = undefined;
        await file?.close();
      }
    }
  }

  /** False: something could not be written, even now. */
  async close(): Promise<boolean> {
    if (this.#unsaved !== '') await this.record('');
    while (this.#writing !== undefined) await this.#writing;
    this.#retry?.clear();
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
    return this.#unsaved === '';
  }
}
