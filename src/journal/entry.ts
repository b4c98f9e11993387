/** A journal's entry: one child, as the journal knows it. */
import type { CompletionRecord, CompletionStatus } from '../completion.js';
import type { ProcessIdentity } from '../identity.js';
import type { Scope } from '../options/scope.js';
import type { RecordState } from './fold.js';
import type { EndedLine, RunningLine, StartingLine } from './records.js';

export interface JournalEntry {
  readonly id: string;
  /** As it was given; null for none. */
  readonly meta: unknown;
  readonly command: string;
  readonly args: readonly string[];
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  /** Absent until it runs, and where a crash came before it could be written. */
  readonly identity?: ProcessIdentity;
  readonly scope: Scope;
  /**
   * `'starting'`: its program may not run yet. `'running'`: its scope is not known to be empty. Else
   * what it came to.
   */
  readonly status: 'starting' | 'running' | CompletionStatus;
  readonly completion?: CompletionRecord;
}

function completionIn({ completion }: EndedLine): CompletionRecord {
  return { ...completion, usage: completion.exit?.usage ?? null };
}

/** The whole identity, as \`attach\` takes it. */
function identityIn(starting: StartingLine, running: RunningLine): ProcessIdentity {
  return { ...running.identity, bootId: starting.bootId };
}

export function entryOf({ starting, running, ended }: RecordState): JournalEntry {
  return {
    id: starting.id,
    meta: starting.meta ?? null,
    command: starting.file,
    args: starting.args,
    startedAt: starting.at,
    ...(running === undefined ? {} : { identity: identityIn(starting, running) }),
    scope: running?.scope ?? starting.scope,
    status: ended?.completion.status ?? (running === undefined ? 'starting' : 'running'),
    ...(ended === undefined ? {} : { completion: completionIn(ended) }),
  };
}
