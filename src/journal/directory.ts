/**
 * A journal's directory: `lock`, which belongs to the one supervisor that lives, and files
 * `journal-<number>.jsonl`, of which each opening leaves one.
 */
import { mkdir, open, readdir, rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';

import { isErrno, JournalLockedError, systemError } from '../errors/index.js';
import { binding } from '../native/binding.js';
import { Fold, wholeText, type RecordState } from './fold.js';
import { placeOf, type Place } from './place.js';
import { FileReader, readFile, type SkippedRecord } from './reading.js';
import { headerText, lineText } from './records.js';

const LOCK = 'lock';
const JOURNAL = /^journal-([1-9][0-9]{0,14})\.jsonl$/;
const DAMAGED = /^journal-[0-9]+\.jsonl\.damaged$/;
const UNFINISHED_COPY = /^journal-[0-9]{1,15}\.jsonl\.new$/;

const fileName = (number: number): string => `journal-${number}.jsonl`;

export interface DirectoryLock {
  readonly id: number;
  readonly place: Place;
}

/** Throws JournalLockedError, or a system error. */
export async function lockDirectory(dir: string): Promise<DirectoryLock> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const holder = new Int32Array(1);
  const path = join(dir, LOCK);
  const id = binding.lockFile(path, holder);
  if (isErrno(id, 'EAGAIN')) throw new JournalLockedError(dir, holder[0] ?? 0);
  if (id < 0) throw systemError(id, 'open', { path });
  try {
    return { id, place: await placeOf(path) };
  } catch (error) {
    binding.unlockFile(id);
    throw error;
  }
}

export interface Loaded {
  readonly unfinished: Map<string, RecordState>;
  /** Where the next records go; may not exist yet. */
  readonly path: string;
  /** What was read before it, where it could not take that over. */
  readonly before: readonly string[];
  /** Why the files could not be made one; they stay as they are. */
  readonly failure: Error | undefined;
}

interface Found {
  readonly numbers: readonly number[];
  readonly leftovers: readonly string[];
}

async function look(dir: string, skip: (skipped: SkippedRecord) => void): Promise<Found> {
  const numbers: number[] = [];
  const leftovers: string[] = [];
  for (const entry of await readdir(dir, { withFileTypes: true })) {
    const { name } = entry;
    const number = JOURNAL.exec(name)?.[1];
    if (name === LOCK && entry.isFile()) continue;
    if (entry.isSymbolicLink()) skip({ file: name, reason: 'a symbolic link' });
    else if (!entry.isFile()) skip({ file: name, reason: 'not a file' });
    else if (number !== undefined) numbers.push(Number(number));
    else if (UNFINISHED_COPY.test(name)) leftovers.push(name);
    else if (DAMAGED.test(name))
      skip({ file: name, reason: 'kept: parts of it could not be read' });
    else skip({ file: name, reason: 'not a file of this library' });
  }
  return { numbers: numbers.sort((a, b) => a - b), leftovers };
}

/** Writes to a new file beside the journal, in portions of bounded size. */
class Copy {
  readonly #dir: string;
  readonly #number: number;
  readonly #headerBytes: number;
  #text: string[] = [];
  #length = 0;
  readonly #portions: Buffer[] = [];
  #file: Awaited<ReturnType<typeof open>> | undefined;

  /** `replaces`: as it will be if everything can be read. */
  constructor(dir: string, number: number, replaces: readonly string[]) {
    this.#dir = dir;
    this.#number = number;
    const header = headerText(replaces);
    this.#headerBytes = Buffer.byteLength(header);
    this.add(header);
  }

  add(text: string): void {
    this.#text.push(text);
    this.#length += text.length;
    if (this.#length > 1 << 20) this.#cut();
  }

  #cut(): void {
    this.#portions.push(Buffer.from(this.#text.join('')));
    this.#text = [];
    this.#length = 0;
  }

  async flush(): Promise<void> {
    this.#file ??= await open(join(this.#dir, `${fileName(this.#number)}.new`), 'wx', 0o600);
    for (const portion of this.#portions) {
      for (let at = 0; at < portion.length;) {
        at += (await this.#file.write(portion, at)).bytesWritten;
      }
    }
    this.#portions.length = 0;
  }

  /**
   * `replaces`: what has been read. After a crash of the machine there is the old file or the whole new
   * one.
   */
  async finish(replaces: readonly string[]): Promise<void> {
    this.#cut();
    await this.flush();
    // One that could not be read must not be taken for replaced: the next opening would remove it.
    const header = `${headerText(replaces)
      .trimEnd()
      .padEnd(this.#headerBytes - 1)}\n`;
    await this.#file?.write(Buffer.from(header), 0, this.#headerBytes, 0);
    await this.#file?.sync();
    await this.#file?.close();
    const path = join(this.#dir, fileName(this.#number));
    await rename(`${path}.new`, path);
    const directory = await open(this.#dir, 'r');
    await directory.sync().catch(() => undefined); // not every file system can
    await directory.close();
  }

  async abandon(): Promise<void> {
    await this.#file?.close().catch(() => undefined);
    await unlink(join(this.#dir, `${fileName(this.#number)}.new`)).catch(() => undefined);
  }
}

export interface Keep {
  finished(state: RecordState): boolean;
  unfinished(state: RecordState): boolean;
}

/**
 * Reads every file of the journal, and makes one of them that holds what they come to; `moved` is told
 * its name while the others still exist.
 */
export async function load(
  dir: string,
  skip: (skipped: SkippedRecord) => void,
  keep: Keep,
  moved: (path: string) => void = () => undefined,
): Promise<Loaded> {
  const { numbers, leftovers } = await look(dir, skip);
  for (const name of leftovers) await unlink(join(dir, name)).catch(() => undefined);
  const number = (numbers.at(-1) ?? 0) + 1;
  const copy = new Copy(dir, number, numbers.map(fileName));
  let failure: Error | undefined;
  const fold = new Fold((state, text) => {
    if (failure === undefined && keep.finished(state)) copy.add(text);
  });
  const read = await readAll(dir, numbers, fold, skip, async () => {
    if (failure !== undefined) return;
    await copy.flush().catch((error: unknown) => {
      failure = error as Error;
    });
  });
  for (const [key, state] of fold.unfinished) {
    if (!keep.unfinished(state)) {
      fold.unfinished.delete(key);
      continue;
    }
    copy.add(wholeText(state));
    if (state.released === true) copy.add(lineText({ t: 'released', key }));
  }
  const { unfinished } = fold;
  const path = join(dir, fileName(number));
  try {
    if (failure !== undefined) throw failure;
    await copy.finish(read.map(({ name }) => name));
  } catch (error) {
    await copy.abandon();
    const before = numbers.map((old) => join(dir, fileName(old)));
    return { unfinished, path, before, failure: error as Error };
  }
  moved(path);
  for (const file of read) {
    const old = join(dir, file.name);
    // What could not be read of it is kept, for somebody who can.
    const done = file.damaged ? rename(old, `${old}.damaged`) : unlink(old);
    await done.catch(() => undefined);
  }
  return { unfinished, path, before: [], failure: undefined };
}

interface ReadFile {
  readonly name: string;
  readonly damaged: boolean;
}

/** The files that were read, and need not be kept. */
async function readAll(
  dir: string,
  numbers: readonly number[],
  fold: Fold,
  skip: (skipped: SkippedRecord) => void,
  between: () => Promise<void>,
): Promise<ReadFile[]> {
  const read: ReadFile[] = [];
  const replaced = await replacedFiles(dir, numbers);
  for (const number of numbers) {
    const name = fileName(number);
    if (replaced.has(name)) {
      read.push({ name, damaged: false });
      continue;
    }
    const reader = new FileReader(name, fold, skip);
    try {
      await readFile(join(dir, name), reader, between);
      if (!reader.refused) read.push({ name, damaged: reader.damaged });
    } catch (error) {
      skip({ file: name, reason: (error as Error).message });
    }
  }
  return read;
}

/** Files that a newer one has taken over, left by a crash before they could be removed. */
async function replacedFiles(dir: string, numbers: readonly number[]): Promise<Set<string>> {
  const replaced = new Set<string>();
  for (const number of numbers) {
    const reader = new FileReader(fileName(number), new Fold(() => undefined), () => undefined);
    await readFile(join(dir, fileName(number)), reader, undefined, 1).catch(() => undefined);
    for (const name of reader.header?.replaces ?? []) {
      if (name !== fileName(number)) replaced.add(name);
    }
  }
  return replaced;
}
