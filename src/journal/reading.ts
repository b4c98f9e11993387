/** Reads a journal's files, line by line in bounded memory; what can't be read is skipped and told. */
import { closeSync, constants, openSync, readSync } from 'node:fs';
import { open } from 'node:fs/promises';

import type { Fold } from './fold.js';
import { parseHeader, parseLine, type HeaderLine } from './records.js';

/** Something in the directory that is not this journal's, or is damaged. */
export interface SkippedRecord {
  /** Name in the journal's directory. */
  readonly file: string;
  /** Counted from 1; absent if the whole file was skipped. */
  readonly line?: number;
  readonly reason: string;
}

// Not through a symbolic link: what it leads to is not this journal's.
const READ = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
const CHUNK = 1 << 18;
// No line of ours comes near it; without a limit a file without newlines would be kept whole.
const LONGEST_LINE = 64 << 20;

/** Takes one file's bytes in any portions. */
export class FileReader {
  readonly #fold: Fold;
  readonly #file: string;
  readonly #skip: (skipped: SkippedRecord) => void;
  #rest: Buffer[] = [];
  #restBytes = 0;
  #line = 0;
  /** The file's header, once it has been read and is one of ours. */
  header: HeaderLine | undefined;
  /** The file is not one that we can read. */
  refused = false;
  /** Lines of it could not be read. */
  damaged = false;

  constructor(file: string, fold: Fold, skip: (skipped: SkippedRecord) => void) {
    this.#file = file;
    this.#fold = fold;
    this.#skip = skip;
  }

  take(chunk: Buffer): void {
    let from = 0;
    while (!this.refused) {
      const end = chunk.indexOf(10, from);
      if (end < 0) break;
      this.#rest.push(chunk.subarray(from, end));
      const text = Buffer.concat(this.#rest).toString('utf8').trim();
      this.#rest = [];
      this.#restBytes = 0;
      this.#takeLine(text);
      from = end + 1;
    }
    if (this.refused || from === chunk.length) return;
    // Copied: the caller reads into the same buffer again.
    this.#rest.push(Buffer.from(chunk.subarray(from)));
    this.#restBytes += chunk.length - from;
    if (this.#restBytes > LONGEST_LINE) this.#refuse('a line of it has no end');
  }

  /** What is left is a line that a crash tore, or somebody cut: nobody was told that it is written. */
  finish(): void {
    if (this.refused) return;
    // A crash can come before the first byte; nothing is lost with such a file.
    if (this.#line === 0 && this.#restBytes === 0) return;
    if (this.header === undefined) return this.#refuse('it has no header');
    if (this.#restBytes > 0) this.#skipLine(this.#line + 1, 'it is cut off');
  }

  #takeLine(text: string): void {
    this.#line++;
    if (this.header === undefined) {
      const header = parseHeader(text);
      if (typeof header === 'string') this.#refuse(header);
      else this.header = header;
      return;
    }
    if (text === '') return; // ends a line that was torn while we went on
    const line = parseLine(text);
    let reason: string | undefined;
    if (line === undefined) reason = 'not a record';
    else if (!this.#fold.take(line, text)) reason = 'the first record of this child is missing';
    if (reason !== undefined) this.#skipLine(this.#line, reason);
  }

  #skipLine(line: number, reason: string): void {
    this.damaged = true;
    this.#skip({ file: this.#file, line, reason });
  }

  #refuse(reason: string): void {
    this.refused = true;
    this.#skip({ file: this.#file, reason });
  }
}

/** `between` runs after each portion, of which at most `portions` are read. */
export async function readFile(
  path: string,
  reader: FileReader,
  between?: () => Promise<void>,
  portions = Infinity,
): Promise<void> {
  const file = await open(path, READ);
  try {
    const buffer = Buffer.allocUnsafe(CHUNK);
    for (let portion = 0; portion < portions; portion++) {
      const { bytesRead } = await file.read(buffer, 0, CHUNK, null);
      if (bytesRead === 0 || reader.refused) break;
      reader.take(buffer.subarray(0, bytesRead));
      await between?.();
    }
  } finally {
    await file.close();
  }
  reader.finish();
}

export function readFileSync(path: string, reader: FileReader): void {
  const fd = openSync(path, READ);
  try {
    const buffer = Buffer.allocUnsafe(CHUNK);
    for (;;) {
      const bytes = readSync(fd, buffer, 0, CHUNK, null);
      if (bytes === 0 || reader.refused) break;
      reader.take(buffer.subarray(0, bytes));
    }
  } finally {
    closeSync(fd);
  }
  reader.finish();
}
