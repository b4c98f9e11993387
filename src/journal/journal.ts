/** A supervisor's memory: what it started, kept where a crash of its own can't reach it. */
import { resolve } from 'node:path';

import { wallClock } from '../clock.js';
import type { CompletionRecord } from '../completion.js';
import { JournalClosedError, JournalDuplicateError, JournalWriteError } from '../errors/index.js';
import { binding } from '../native/binding.js';
import { JOURNAL, type JournalRef } from '../options/journal.js';
import { checkDuration, checkOneOf, checkOptions, checkText } from '../options/validate.js';
import type { Tracked, TrackedStart, Tracker } from '../spawn/tracking.js';
import { load, lockDirectory, type DirectoryLock, type Loaded } from './directory.js';
import { entryOf, type JournalEntry } from './entry.js';
import { Fold, isFinished, type RecordState } from './fold.js';
import { FileReader, readFileSync, type SkippedRecord } from './reading.js';
import { headerText, lineText, LONGEST_RECORD, type Line, type StartingLine } from './records.js';
import { Recovery, type Recovered, type RecoverOptions } from './recovery.js';
import { Unfinished } from './unfinished.js';
import { isOurWorld, world } from './world.js';
import { Writer } from './writer.js';

export interface JournalOptions {
  /**
   * What happens to a spawn whose record can't be written (full or read-only disk). `'refuse'`: it
   * rejects with JournalWriteError, and nothing starts. `'continue'`: it starts, a crash would lose it,
   * and a process warning says so. @default 'refuse'
   */
  readonly onWriteError?: 'refuse' | 'continue' | undefined;
}

export interface PruneOptions {
  /** Milliseconds since the end of the job. @default 604800000 (7 days) */
  readonly olderThan?: number | undefined;
}

const OPTION_KEYS: ReadonlySet<string> = new Set(['onWriteError']);
const PRUNE_KEYS: ReadonlySet<string> = new Set(['olderThan']);
const WEEK = 7 * 24 * 3600 * 1000;

let lastStart = 0;

/** Milliseconds since the epoch. Starts within one millisecond keep their order. */
function startTime(): number {
  const now = wallClock();
  lastStart = Math.floor(lastStart) === now ? lastStart + 0.001 : now;
  return lastStart;
}

/**
 * Opens the journal in `dir`, which is made if it does not exist, and which is this process's until
 * `close()` or its end, however it ends. What an earlier supervisor left is in `entries()`, and ended
 * by `recover()`.
 *
 * Rejects with JournalLockedError if a supervisor that lives has the directory; with a system error if
 * it can't be made or read.
 */
export async function openJournal(dir: string, options?: JournalOptions): Promise<Journal> {
  const path = checkText('dir', dir);
  const checked = checkOptions(options, OPTION_KEYS);
  const onWriteError =
    checked.onWriteError === undefined
      ? 'refuse'
      : checkOneOf('options.onWriteError', checked.onWriteError, ['refuse', 'continue']);
  const absolute = resolve(path);
  const lock = await lockDirectory(absolute);
  const skipped: SkippedRecord[] = [];
  try {
    const loaded = await load(absolute, (one) => skipped.push(one), {
      finished: () => true,
      unfinished: (state) => state.released !== true,
    });
    return new Journal({ dir: absolute, lock, loaded, skipped, onWriteError });
  } catch (error) {
    binding.unlockFile(lock.id);
    throw error;
  }
}

interface JournalSetup {
  readonly dir: string;
  readonly lock: DirectoryLock;
  readonly loaded: Loaded;
  readonly skipped: readonly SkippedRecord[];
  readonly onWriteError: 'refuse' | 'continue';
}

export class Journal implements AsyncDisposable, JournalRef {
  readonly dir: string;
  /** What was found in the directory and is not this journal's, or is damaged. */
  readonly skipped: readonly SkippedRecord[];
  readonly #setup: JournalSetup;
  readonly #writer: Writer;
  /** Not finished: started by us, or found. */
  readonly #unfinished: Unfinished;
  readonly #recovery: Recovery;
  #closing: Promise<void> | undefined;
  /** Nothing is written any more: what has no end yet is the next supervisor's to see to. */
  #shut = false;

  /** @internal What `spawn` and `run` need. */
  readonly [JOURNAL]: Tracker = { begin: (start) => this.#begin(start) };

  /** @internal Use `openJournal`. */
  constructor(setup: JournalSetup) {
    this.dir = setup.dir;
    this.skipped = setup.skipped;
    this.#setup = setup;
    this.#unfinished = new Unfinished(setup.loaded.unfinished);
    this.#writer = new Writer(setup.loaded.path, headerText([]), setup.lock.place);
    this.#recovery = new Recovery({
      found: setup.loaded.unfinished,
      skipped: setup.skipped,
      ended: (state, completion) => this.#ended(state.starting.key, completion, true),
    });
  }

  /**
   * Every record, oldest first. The finished ones are read from the file now, on this thread, and are
   * not kept in memory.
   */
  entries(): JournalEntry[] {
    this.#checkOpen();
    const entries: JournalEntry[] = [];
    const fold = new Fold((state) => {
      if (this.#unfinished.get(state.starting.key) === undefined) entries.push(entryOf(state));
    });
    for (const path of [...this.#setup.loaded.before, this.#writer.path]) {
      try {
        readFileSync(path, new FileReader(path, fold, () => undefined));
      } catch (error) {
        // Nothing has been written yet.
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      }
    }
    for (const state of this.#unfinished.values()) entries.push(entryOf(state));
    return entries.sort((a, b) => a.startedAt - b.startedAt);
  }

  /**
   * Finds what is left of each unfinished record of an earlier supervisor, by identity, by the cookie in
   * its environment, by its group or cgroup, and ends it (`'terminate'`), hands out its handle
   * (`'adopt'`), or only tells (`'report'`). What it did is written down: done twice, the second finds
   * nothing to do; a call during another of the same action joins it.
   *
   * Nothing of another boot or pid namespace, and no other process that has got a number, is signalled.
   */
  async recover(options?: RecoverOptions): Promise<Recovered[]> {
    this.#checkOpen();
    return this.#recovery.recover(options);
  }

  /**
   * Forgets finished records, and unfinished ones of another boot or pid namespace; resolves to how many.
   *
   * Rejects with JournalWriteError if the journal can't be written anew; then it is as it was.
   */
  async prune(options?: PruneOptions): Promise<number> {
    this.#checkOpen();
    const checked = checkOptions(options, PRUNE_KEYS);
    const { olderThan = WEEK } = checked;
    const before = wallClock() - checkDuration('options.olderThan', olderThan);
    let pruned = 0;
    const count = (old: boolean): boolean => {
      if (old) pruned++;
      return !old;
    };
    const forgotten: string[] = [];
    const refuse = (cause: Error): never => {
      throw new JournalWriteError(this.dir, "the journal can't be rewritten", cause);
    };
    await this.#writer.replace(async (moved) => {
      await this.#writer.checkPlace().catch(refuse);
      const keep = {
        finished: (state: RecordState) => count((state.ended?.at ?? 0) <= before),
        unfinished: ({ starting }: RecordState) => {
          const old = isOurWorld(starting) !== 'ours' && starting.at <= before;
          if (old) forgotten.push(starting.key);
          return count(old);
        },
      };
      const loaded = await load(this.dir, () => undefined, keep, moved);
      if (loaded.failure !== undefined) refuse(loaded.failure);
    });
    for (const key of forgotten) {
      this.#unfinished.delete(key);
      this.#recovery.forget(key);
    }
    return pruned;
  }

  /**
   * Waits for a `recover()` under way, writes what is left to write and lets go of the directory. Children that still run stay recorded as
   * running, for the next supervisor to recover. Rejects with JournalWriteError if something could not
   * be written; the directory is let go of all the same.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    let saved: boolean;
    try {
      await this.#recovery.settled();
      this.#shut = true;
      saved = await this.#writer.close();
    } finally {
      binding.unlockFile(this.#setup.lock.id);
    }
    if (saved) return;
    const cause = this.#writer.failure ?? new Error('unknown');
    throw new JournalWriteError(this.dir, 'the last records could not be written', cause);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #checkOpen(): void {
    if (this.#closing !== undefined) throw new JournalClosedError(this.dir);
  }

  async #begin(start: TrackedStart): Promise<Tracked | undefined> {
    this.#checkOpen();
    const { cookie: key, id, meta, file, args, scope, cgroup } = start;
    if (this.#unfinished.isHeld(id)) throw new JournalDuplicateError(this.dir, id);
    const starting: StartingLine = {
      t: 'starting',
      ...{ key, id, meta, file, args, scope },
      ...(cgroup === undefined ? {} : { cgroup }),
      at: startTime(),
      ...world(),
    };
    // Before it is written: a second job of this id must not slip in meanwhile.
    this.#unfinished.set({ starting });
    try {
      const text = lineText(starting);
      // One that could not be read again would take the whole file with it.
      if (text.length > LONGEST_RECORD)
        throw new RangeError(`${text.length} characters are too many`);
      await this.#writer.append(text);
    } catch (error) {
      this.#unfinished.delete(key);
      const failure = new JournalWriteError(this.dir, `${file} can't be recorded`, error as Error);
      if (this.#setup.onWriteError === 'refuse') throw failure;
      process.emitWarning(`${failure.message}; it runs without a record`, {
        type: 'ReapwellWarning',
        code: failure.code,
      });
      return undefined;
    }
    return this.#track(key);
  }

  #track(key: string): Tracked {
    return {
      started: (process) => {
        const { bootId, ...identity } = process.identity;
        void this.#record(key, { t: 'running', key, ...process, identity });
      },
      ended: (completion, settled) => this.#ended(key, completion, settled),
      released: () => {
        void this.#record(key, { t: 'released', key });
      },
    };
  }

  async #ended(key: string, completion: CompletionRecord, settled: boolean): Promise<void> {
    const before = this.#unfinished.get(key);
    // Told by two: an adopted handle, and the recovery that ended it.
    if (before === undefined || isFinished(before)) return;
    const { usage, ...rest } = completion;
    const ended = { t: 'ended', key, at: wallClock(), settled, completion: rest } as const;
    const told = this.#record(key, ended);
    const after = this.#unfinished.get(key);
    if (settled) this.#recovery.forget(key);
    // What we could not end ourselves is left over as what a crash leaves is.
    else if (after !== undefined) this.#recovery.add(after);
    const saved = await told;
    // What is in the file is not kept in memory.
    if (saved && settled) this.#unfinished.delete(key);
  }

  async #record(key: string, line: Line): Promise<boolean> {
    if (this.#shut) return false;
    const state = this.#unfinished.get(key);
    if (state !== undefined) {
      if (line.t === 'running') this.#unfinished.set({ ...state, running: line });
      if (line.t === 'ended') this.#unfinished.set({ ...state, ended: line });
    }
    return this.#writer.record(lineText(line));
  }
}
