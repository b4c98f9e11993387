/** What can be wrong with a journal. */
import { ReapwellError } from './own.js';

/** Another supervisor that lives has the directory. Its lock goes with its process. */
export class JournalLockedError extends ReapwellError {
  override name = 'JournalLockedError';
  constructor(
    readonly dir: string,
    /** Pid of the process that has it; 0 if that is in another pid namespace. */
    readonly holder: number,
  ) {
    const who = holder === 0 ? 'another process' : `process ${holder}`;
    super(
      'ERR_REAPWELL_JOURNAL_LOCKED',
      `the journal in ${dir} is in use by ${who}; end that one first, or use another directory`,
    );
  }
}

/** A record could not be written; the `cause` says why. Nothing was started without its record. */
export class JournalWriteError extends ReapwellError {
  override name = 'JournalWriteError';
  constructor(
    readonly dir: string,
    what: string,
    cause: Error,
  ) {
    super('ERR_REAPWELL_JOURNAL_WRITE', `${what} in ${dir}: ${cause.message}`, { cause });
  }
}

/**
 * The journal's directory, or a file in it, was replaced while it was open; a `JournalWriteError` has it as
 * its `cause`. Put back what was there, or close the journal and open it anew.
 */
export class JournalReplacedError extends ReapwellError {
  override name = 'JournalReplacedError';
  constructor(readonly path: string) {
    super(
      'ERR_REAPWELL_JOURNAL_REPLACED',
      `${path} is another file than the one that was opened; put that back, or open the journal anew`,
    );
  }
}

export class JournalClosedError extends ReapwellError {
  override name = 'JournalClosedError';
  constructor(dir: string) {
    super('ERR_REAPWELL_JOURNAL_CLOSED', `the journal in ${dir} has been closed`);
  }
}

/** A job of this id is recorded as unfinished: it runs, or is left by a supervisor that died. */
export class JournalDuplicateError extends ReapwellError {
  override name = 'JournalDuplicateError';
  constructor(
    readonly dir: string,
    readonly id: string,
  ) {
    super(
      'ERR_REAPWELL_JOURNAL_DUPLICATE',
      `job ${JSON.stringify(id)} is unfinished in the journal in ${dir}; await it, or recover() first`,
    );
  }
}
