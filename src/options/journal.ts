/** A journal, as `spawn` and `run` take it. */

/** Where a journal keeps what the spawn layer needs of it. */
export const JOURNAL: unique symbol = Symbol('reapwell.journal');

/** What `openJournal` returns. */
export interface JournalRef {
  readonly [JOURNAL]: unknown;
}

/** Recorded in a journal from before the child can run to its completion. */
export interface JournalOptions {
  /** Record this child here. A crash of ours leaves no live child that its `recover` can't find. */
  readonly journal?: JournalRef | undefined;
  /**
   * Name of the job, in the journal's entries. One that is recorded as unfinished is refused
   * (ERR_REAPWELL_JOURNAL_DUPLICATE). @default a random UUID
   */
  readonly id?: string | undefined;
  /** Anything that JSON can say; kept with the entry. */
  readonly meta?: unknown;
}

export const JOURNAL_KEYS = ['journal', 'id', 'meta'] as const;
