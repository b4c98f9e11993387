/** Sees to what an earlier supervisor left unfinished. */
import { wallClock } from '../clock.js';
import { attach } from '../attach/attach.js';
import type { ProcessInfo } from '../child/members.js';
import type { Process } from '../child/process.js';
import type { CompletionRecord, CompletionStatus } from '../completion.js';
import type { Exit } from '../exit.js';
import {
  chooseEscalation,
  ESCALATION_KEYS,
  stepsOf,
  type EscalationOptions,
  type EscalationStep,
} from '../options/escalation.js';
import { checkOneOf, checkOptions } from '../options/validate.js';
import type { RecoverOutcome } from '../telemetry/messages.js';
import { publishRecover } from '../telemetry/publish.js';
import { Escalation } from '../terminate/escalation.js';
import type { Termination } from '../terminate/termination.js';
import { Census } from './census.js';
import { entryOf, type JournalEntry } from './entry.js';
import { EscalationOfLeftovers } from './escalation-of-leftovers.js';
import type { RecordState } from './fold.js';
import { infoOf, NOBODY, whoIsLeft, type Left } from './left.js';
import { Leftovers, removeCgroup } from './leftovers.js';
import type { SkippedRecord } from './reading.js';
import { isOurWorld } from './world.js';

export interface RecoverOptions extends EscalationOptions<JournalEntry> {
  /**
   * `'terminate'`: end what is left of each. `'adopt'`: hand out a handle of each that lives. `'report'`:
   * only tell. @default 'terminate'
   */
  readonly action?: 'terminate' | 'adopt' | 'report' | undefined;
}

export interface Recovered {
  readonly entry: JournalEntry;
  /**
   * - `'gone'`: nothing is left of it; how it ended is not known. The record is closed.
   * - `'ended'`: it was left, and is no more. The record is closed.
   * - `'adopted'`: it lives; `process` is its handle, and its end will be recorded.
   * - `'survived'`: members live: after the last step, with action 'report', because its leader is gone
   *   and so can't be adopted, or because nothing proves that they are its (`reason` says so, and none
   *   of those was signalled). The record stays open.
   * - `'foreign'`: of another boot or another pid namespace; not touched. The record stays open.
   * - `'unreadable'`: a record or a file that can't be read; `entry.id` says which, `reason` why.
   */
  readonly outcome: RecoverOutcome;
  readonly termination?: Termination;
  readonly process?: Process;
  /** Who was found alive, before anything was done. */
  readonly members: readonly ProcessInfo[];
  readonly reason?: string;
}

type Action = 'terminate' | 'adopt' | 'report';

const UNPROVEN =
  "its leader is gone, and nothing proves whether those that have its group's number are its own";

const KEYS: ReadonlySet<string> = new Set([...ESCALATION_KEYS, 'action']);

export interface RecoverySetup {
  /** What was found unfinished when the journal was opened. */
  readonly found: Map<string, RecordState>;
  readonly skipped: readonly SkippedRecord[];
  /** Closes a record. */
  readonly ended: (state: RecordState, completion: CompletionRecord) => Promise<void>;
}

interface Request {
  readonly action: Action;
  readonly steps: readonly EscalationStep<never>[];
}

export class Recovery {
  readonly #setup: RecoverySetup;
  readonly #census = new Census();
  readonly #adopted = new Map<string, Process>();
  #running: { readonly action: Action; readonly result: Promise<Recovered[]> } | undefined;

  constructor(setup: RecoverySetup) {
    this.#setup = setup;
  }

  /** One that could not be ended by those who started it. */
  add(state: RecordState): void {
    this.#setup.found.set(state.starting.key, state);
  }

  /** There is nothing to be done about it any more. */
  forget(key: string): void {
    this.#setup.found.delete(key);
  }

  /** No call is under way. */
  async settled(): Promise<void> {
    while (this.#running !== undefined) await this.#running.result.catch(() => undefined);
  }

  async recover(options: unknown): Promise<Recovered[]> {
    const checked = checkOptions(options, KEYS);
    const action: Action =
      checked.action === undefined
        ? 'terminate'
        : checkOneOf('options.action', checked.action, ['terminate', 'adopt', 'report']);
    const request = { action, steps: stepsOf(chooseEscalation<never>(checked)) };
    while (this.#running !== undefined) {
      const { action: other, result } = this.#running;
      if (other === action) return result;
      await result.catch(() => undefined);
    }
    const result = this.#perform(request).finally(() => {
      this.#running = undefined;
    });
    this.#running = { action, result };
    return result;
  }

  async #perform(request: Request): Promise<Recovered[]> {
    const states = [...this.#setup.found.values()];
    const ours = states.filter(({ starting }) => isOurWorld(starting) === 'ours');
    const listing = ours.length === 0 ? [] : await this.#census.takeSettled();
    const recovered = await Promise.all(
      states.map(async (state): Promise<Recovered> => {
        const world = isOurWorld(state.starting);
        if (world === 'ours') return this.#see(state, whoIsLeft(state, listing), request);
        const reason = world === 'boot' ? 'of another boot' : 'of another pid namespace';
        return { entry: entryOf(state), outcome: 'foreign', members: [], reason };
      }),
    );
    const all = [...recovered, ...this.#setup.skipped.map(unreadable)];
    for (const { entry, outcome, termination } of all) {
      publishRecover(entry.id, outcome, termination);
    }
    return all;
  }

  async #see(state: RecordState, seen: Left, request: Request): Promise<Recovered> {
    const entry = entryOf(state);
    const leftovers = new Leftovers(state, entry, this.#census, seen);
    try {
      const { members } = await leftovers.lookForProof();
      if (members.length === 0 && (await leftovers.checkEmpty())) {
        await this.#close(state, lost(entry));
        return { entry, outcome: 'gone', members };
      }
      return await this.#seeTo(state, entry, leftovers, request);
    } finally {
      leftovers.close();
    }
  }

  /** Somebody is there. */
  async #seeTo(
    state: RecordState,
    entry: JournalEntry,
    leftovers: Leftovers,
    request: Request,
  ): Promise<Recovered> {
    const left = leftovers.lastSeen;
    const members = [...left.members, ...left.unproven].map(infoOf);
    const unproven = left.unproven.length > 0 ? { reason: UNPROVEN } : {};
    const [someone] = left.members;
    if (request.action === 'terminate' && someone !== undefined) {
      const target = new EscalationOfLeftovers(state, entry, leftovers, someone);
      const ended = await this.#terminate(state, entry, target, request.steps);
      return { entry, members, ...ended, ...(ended.outcome === 'survived' ? unproven : {}) };
    }
    const process = request.action === 'adopt' ? await this.#adopt(state, entry, left) : undefined;
    if (process === undefined) return { entry, outcome: 'survived', members, ...unproven };
    return { entry, outcome: 'adopted', process, members };
  }

  async #terminate(
    state: RecordState,
    entry: JournalEntry,
    target: EscalationOfLeftovers,
    steps: readonly EscalationStep<never>[],
  ): Promise<Pick<Recovered, 'outcome' | 'termination'>> {
    const termination = await new Escalation(target, steps).result;
    const { method } = termination;
    if (method === 'not_running') {
      await this.#close(state, lost(entry));
      return { outcome: 'gone' };
    }
    if (method === 'failed') return { outcome: 'survived', termination };
    await this.#close(state, { ...lost(entry), status: 'terminated', termination });
    return { outcome: 'ended', termination };
  }

  async #adopt(
    state: RecordState,
    entry: JournalEntry,
    { leader, group }: Left,
  ): Promise<Process | undefined> {
    const { key } = state.starting;
    const known = this.#adopted.get(key);
    if (known !== undefined) return known;
    if (leader === undefined) return undefined;
    try {
      const process = await attach(entry.identity ?? leader.identity, {
        scope: group && entry.scope !== 'leader' ? 'group' : 'leader',
      });
      this.#adopted.set(key, process);
      process.once('empty', () => {
        void process.exited.then((exit) => this.#closeWhenEmpty(state, entry, process, exit));
      });
      return process;
    } catch {
      return undefined; // it ended meanwhile, or may not be watched: the next call tells
    }
  }

  // The handle is of the leader's group at most; its session, tree or cgroup may have others.
  #closeWhenEmpty(state: RecordState, entry: JournalEntry, process: Process, exit: Exit): void {
    const { key } = state.starting;
    this.#adopted.delete(key);
    const leftovers = new Leftovers(state, entry, this.#census, NOBODY, false);
    leftovers.onceEmpty(() => {
      leftovers.close();
      void this.#close(state, adopted(entry, process, exit));
    });
  }

  async #close(state: RecordState, completion: CompletionRecord): Promise<void> {
    this.forget(state.starting.key);
    if (state.starting.cgroup !== undefined) removeCgroup(state.starting.cgroup);
    await this.#setup.ended(state, completion);
  }
}

/** Its supervisor had died, so nobody was there to be told its status; unless it had been recorded. */
function lost(entry: JournalEntry): CompletionRecord {
  if (entry.completion !== undefined) return entry.completion;
  const pid = entry.identity?.pid ?? null;
  return {
    status: 'error',
    exit: null,
    termination: { method: 'natural' },
    pid,
    durationMs: wallClock() - entry.startedAt,
    usage: null,
    error: {
      name: 'StatusUnknownError',
      message: 'its supervisor had died before it, so its exit status is not known',
      code: 'ERR_REAPWELL_STATUS_UNKNOWN',
    },
  };
}

function adopted(entry: JournalEntry, process: Process, exit: Exit): CompletionRecord {
  let status: CompletionStatus = exit.code === 0 ? 'completed' : 'failed';
  if (!exit.known) status = 'error';
  if (process.endedBy !== undefined) status = 'terminated';
  const { error, ...rest } = lost(entry);
  const known = { ...rest, status, exit, usage: exit.usage };
  return status === 'error' && error !== undefined ? { ...known, error } : known;
}

function unreadable({ file, line, reason }: SkippedRecord): Recovered {
  const entry: JournalEntry = {
    id: line === undefined ? file : `${file}:${line}`,
    meta: null,
    command: '',
    args: [],
    startedAt: 0,
    scope: 'leader',
    status: 'error',
  };
  return { entry, outcome: 'unreadable', members: [], reason };
}
