/**
 * The library's own errors: a class each, with a stable `code`. What a program did is never one of
 * these; that is a value (an `Exit`, a `Completion`).
 */

export class ReapwellError extends Error {
  override name = 'ReapwellError';
  /** Stable, and starts with `ERR_REAPWELL_`. */
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** A deadline of the caller's passed first. Whatever was waited for goes on. */
export class TimeoutError extends ReapwellError {
  override name = 'TimeoutError';
  constructor(what: string, timeout: number) {
    super('ERR_REAPWELL_TIMEOUT', `${what} took longer than ${timeout} ms`);
  }
}

/** The caller's AbortSignal fired, or `terminateAll` was called; the reason is the `cause`. */
export class AbortError extends ReapwellError {
  override name = 'AbortError';
  constructor(what: string, signal: Pick<AbortSignal, 'reason'>) {
    super('ERR_REAPWELL_ABORTED', `${what} was aborted`, { cause: signal.reason });
  }
}

/** The child died between the fork and the exec, by a signal that this library did not send. */
export class SpawnKilledError extends ReapwellError {
  override name = 'SpawnKilledError';
  constructor(
    file: string,
    /** Number of the signal that ended the child before its program ran. */
    readonly signal: number,
  ) {
    super(
      'ERR_REAPWELL_SPAWN_KILLED',
      `spawn ${file}: the child was killed by signal ${signal} before its program started`,
    );
  }
}

/** A group signal was asked for, but the child is in a group that this library did not create. */
export class ForeignGroupError extends ReapwellError {
  override name = 'ForeignGroupError';
  constructor(pid: number) {
    super(
      'ERR_REAPWELL_FOREIGN_GROUP',
      `process ${pid} is in a group that was not created for it, so the group can't be signalled; ` +
        `start it with group: 'new'`,
    );
  }
}

/** `configure` came after the first spawn, when the native threads stand on what it would change. */
export class AlreadyStartedError extends ReapwellError {
  override name = 'AlreadyStartedError';
  constructor() {
    super(
      'ERR_REAPWELL_ALREADY_STARTED',
      'configure() must be called before the first spawn of the process, workers included',
    );
  }
}

/** The scope that was asked for can't be had here; the `cause` says why. */
export class ScopeUnavailableError extends ReapwellError {
  override name = 'ScopeUnavailableError';
  constructor(scope: string, file: string, cause: Error) {
    super(
      'ERR_REAPWELL_SCOPE_UNAVAILABLE',
      `spawn ${file}: no ${scope} can be had (${cause.message}); name what to fall back to, ` +
        `e.g. scope: ['${scope}', 'tree']`,
      { cause },
    );
  }
}

/** `/proc` can't be read, so the members of a scope can't be listed. */
export class NoProcError extends ReapwellError {
  override name = 'NoProcError';
  constructor() {
    super('ERR_REAPWELL_NO_PROC', '/proc is not mounted or not readable: members are unknown');
  }
}

/** What of a survivor the message tells. */
interface SurvivorText {
  readonly pid: number;
  readonly command: string;
  readonly state: string;
  readonly reason: string;
  readonly waitChannel?: string;
}

const MOST_NAMED = 5;

function survivorText({ pid, command, state, reason, waitChannel }: SurvivorText): string {
  const where = waitChannel === undefined ? '' : ` in ${waitChannel}`;
  return `${pid}${command === '' ? '' : ` ${command}`} (${state}, ${reason}${where})`;
}

/** The escalation's last step has passed and members of the scope are still alive. */
export class SurvivorsError extends ReapwellError {
  override name = 'SurvivorsError';
  constructor(file: string, survivors: readonly [SurvivorText, ...SurvivorText[]]) {
    const count = survivors.length;
    const named = survivors.slice(0, MOST_NAMED).map(survivorText).join(', ');
    super(
      'ERR_REAPWELL_SURVIVORS',
      `${file}: ${count} process${count === 1 ? '' : 'es'} survived the escalation: ` +
        `${named}${count > MOST_NAMED ? ', …' : ''}; see termination.survivors`,
    );
  }
}

/** The child ended, but somebody else took its status and the kernel did not keep it. */
export class StatusUnknownError extends ReapwellError {
  override name = 'StatusUnknownError';
  constructor(file: string, pid: number) {
    super(
      'ERR_REAPWELL_STATUS_UNKNOWN',
      `${file} (pid ${pid}) has ended, but its exit status was taken by another waitpid() in this ` +
        `process or discarded because SIGCHLD is ignored`,
    );
  }
}

/** A job wrote more than can be returned, and its `maxBuffer` asked for it. */
export class OutputTooLongError extends ReapwellError {
  override name = 'OutputTooLongError';
  constructor(file: string, encoding: 'utf8' | 'buffer') {
    const [what, instead] =
      encoding === 'utf8' ? ['a string', " or encoding: 'buffer'"] : ['a Buffer', ''];
    super(
      'ERR_REAPWELL_OUTPUT_TOO_LONG',
      `${file}: more output than ${what} can hold; use a smaller maxBuffer${instead}, or onOutput`,
    );
  }
}
