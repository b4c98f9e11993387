/** What the spawn layer asks of a journal: a record before the child can run, and its course after. */
import { randomUUID } from 'node:crypto';
import { types } from 'node:util';

import { now } from '../clock.js';
import type { Child } from '../child/child.js';
import {
  errorRecord,
  statusOfFailure,
  type CompletionRecord,
  type CompletionStatus,
} from '../completion.js';
import { invalidType, invalidValue } from '../errors/index.js';
import type { Exit } from '../exit.js';
import type { ProcessIdentity } from '../identity.js';
import { JOURNAL, JOURNAL_KEYS } from '../options/journal.js';
import type { Scope } from '../options/scope.js';
import { checkText, isObject } from '../options/validate.js';

/** Known before the child can run. */
export interface TrackedStart {
  /** In the child's environment: finds it, and what it starts, if nothing more gets recorded. */
  readonly cookie: string;
  readonly id: string;
  readonly meta: unknown;
  readonly file: string;
  readonly args: readonly string[];
  readonly scope: Scope;
  /** The folder of the cgroup that it would get. */
  readonly cgroup: string | undefined;
}

/** Known once it runs. */
interface TrackedProcess {
  readonly identity: ProcessIdentity;
  /** The pidfd's file handle; '' where the kernel has none. */
  readonly handle: string;
  readonly pgid: number;
  /** What was got. */
  readonly scope: Scope;
}

/** One record. What can't be written at once is kept and tried again. */
export interface Tracked {
  started(process: TrackedProcess): void;
  /**
   * Resolves when it is written, or has been put off. `settled`: nothing is left of it; else it may be
   * told again, and until then a recovery will look for what is left.
   */
  ended(completion: CompletionRecord, settled: boolean): Promise<void>;
  /** Handed over: not ours to recover. */
  released(): void;
}

export interface Tracker {
  /** Resolves once the record is written; rejects if it can't be, and then nothing may start. */
  begin(start: TrackedStart): Promise<Tracked | undefined>;
}

export interface TrackingPlan {
  readonly tracker: Tracker;
  readonly id: string;
  readonly meta: unknown;
}

/** `options` has passed checkOptions. */
export function planTracking(options: Record<string, unknown>): TrackingPlan | undefined {
  const { journal, id, meta } = options;
  if (journal === undefined) {
    const idle = JOURNAL_KEYS.find((key) => options[key] !== undefined);
    if (idle !== undefined) {
      throw invalidValue(`options.${idle}`, 'goes with options.journal only', options[idle]);
    }
    return undefined;
  }
  // A proxy of one is none: a journal's fields are private.
  if (!isObject(journal) || types.isProxy(journal) || !(JOURNAL in journal)) {
    throw invalidType('options.journal', 'a Journal', journal);
  }
  return {
    tracker: journal[JOURNAL] as Tracker,
    id: id === undefined ? randomUUID() : checkText('options.id', id),
    meta: meta === undefined ? null : copyMeta(meta),
  };
}

// Undefined for a function, whatever its declared type says.
const stringify: (value: unknown) => string | undefined = JSON.stringify;

// Copied: what the caller changes later is not what was recorded.
function copyMeta(meta: unknown): unknown {
  let text: string | undefined;
  try {
    text = stringify(meta);
  } catch (error) {
    const refusal = invalidValue('options.meta', "can't be said in JSON; see the cause", meta);
    refusal.cause = error;
    throw refusal;
  }
  if (text === undefined) throw invalidValue('options.meta', "can't be said in JSON", meta);
  return JSON.parse(text) as unknown;
}

/** What a spawn that failed came to: nothing is left of the child. */
export function failedToStart(error: Error, durationMs: number): CompletionRecord {
  return {
    status: statusOfFailure(error),
    exit: null,
    termination: { method: 'natural' },
    pid: null,
    durationMs,
    usage: null,
    error: errorRecord(error),
  };
}

/** For `run`: what records its completion; survivors are seen to until the last one is gone. */
export function recordCompletion(
  child: Child,
  tracked: Tracked,
): (completion: CompletionRecord) => Promise<void> {
  // From the start: it may come before the completion does.
  const empty = new Promise<void>((resolve) => void child.once('empty', resolve));
  return async (completion) => {
    const survived = completion.termination.method === 'failed';
    await tracked.ended(completion, !survived);
    if (survived) void empty.then(() => tracked.ended(completion, true));
  };
}

function statusOf(child: Child, exit: Exit): CompletionStatus {
  const { endedBy } = child;
  if (endedBy !== undefined) return endedBy === 'timeout' ? 'timeout' : 'terminated';
  if (!exit.known) return 'error';
  return exit.code === 0 ? 'completed' : 'failed';
}

/** For `spawn`: the record ends when the child's scope is empty, whoever ended it. */
export function recordAtEnd(child: Child, tracked: Tracked, startedAt: number): void {
  child.once('empty', () => {
    void (async () => {
      const exit = await child.exited;
      const ending = child.endedBy === undefined ? undefined : await child.ending;
      const completion: CompletionRecord = {
        status: statusOf(child, exit),
        exit,
        termination: ending ?? { method: 'natural' },
        pid: child.pid,
        durationMs: now() - startedAt,
        usage: exit.usage,
      };
      await tracked.ended(completion, true);
    })();
  });
}
