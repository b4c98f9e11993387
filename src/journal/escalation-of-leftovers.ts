/** What is left of a recorded child, as an escalation acts on it. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Process } from '../child/process.js';
import { explainSurvivor, unlistedSurvivor, type Leader } from '../child/scope-members.js';
import { NoProcError } from '../errors/index.js';
import type { ProcessIdentity } from '../identity.js';
import type { Scope } from '../options/scope.js';
import type { Signal } from '../signals.js';
import type { EscalationTarget } from '../terminate/escalation.js';
import type { Survivor } from '../terminate/termination.js';
import type { JournalEntry } from './entry.js';
import type { RecordState } from './fold.js';
import { infoOf, type Left, type ListedProcess } from './left.js';
import { PROOF_LOOKS, type Leftovers } from './leftovers.js';
import { killPinnedGroup } from './pinned.js';

// A bomb that forks is caught up with because every round leaves fewer that fork.
const MOST_ROUNDS = 100;

export class EscalationOfLeftovers implements EscalationTarget {
  readonly #state: RecordState;
  readonly #entry: JournalEntry;
  readonly #leftovers: Leftovers;
  readonly #leader: Leader;

  /** `someone`: who was seen of them. */
  constructor(
    state: RecordState,
    entry: JournalEntry,
    leftovers: Leftovers,
    someone: ListedProcess,
  ) {
    this.#state = state;
    this.#entry = entry;
    this.#leftovers = leftovers;
    const { identity = someone.identity, scope } = entry;
    const pgid = state.running?.pgid ?? someone.pgid;
    this.#leader = { pid: identity.pid, pgid, identity, scope };
  }

  get identity(): ProcessIdentity {
    return this.#leader.identity;
  }

  get referenced(): boolean {
    return this.#leftovers.referenced;
  }

  async checkEmpty(): Promise<boolean> {
    try {
      return await this.#leftovers.checkEmpty();
    } catch (error) {
      // Whom nobody can look for is not known to be gone.
      if (error instanceof NoProcError) return false;
      throw error;
    }
  }

  onceEmpty(callback: () => void): () => void {
    return this.#leftovers.onceEmpty(callback);
  }

  async signal(signal: Signal, scope: Scope = this.#entry.scope): Promise<boolean> {
    if (scope === 'leader') return this.#signalAll(signal, () => this.#listedLeader());
    if (signal !== 'SIGKILL') return this.#signalAll(signal, (left) => left.members);
    this.#killCgroup();
    const grouped = await this.#killGroup();
    // Stopped, nobody can fork past the listing; whoever was reached so may end of it already.
    const stopped = await this.#signalAll('SIGSTOP', (left) => left.members);
    const killed = await this.#signalAll(signal, (left) => left.members);
    return grouped || stopped || killed;
  }

  #listedLeader(): readonly ListedProcess[] {
    const { leader } = this.#leftovers.lastSeen;
    return leader === undefined ? [] : [leader];
  }

  // Signals whoever is there, then whoever appeared meanwhile, until nobody new does.
  async #signalAll(
    signal: Signal,
    who: (left: Left) => readonly ListedProcess[],
  ): Promise<boolean> {
    const done = new Set<Process>();
    let delivered = false;
    let refusal: unknown;
    for (let round = 0; round < MOST_ROUNDS; round++) {
      const left = await this.#leftovers.look();
      const { held, unsure } = await this.#leftovers.hold(who(left));
      const fresh = held.filter((process) => !done.has(process));
      const puzzling = left.members.length === 0 && left.unproven.length > 0;
      if (fresh.length === 0 && !unsure && (!puzzling || round >= PROOF_LOOKS)) break;
      for (const process of fresh) {
        done.add(process);
        try {
          delivered = process.kill(signal) || delivered;
        } catch (error) {
          refusal = error;
        }
      }
    }
    if (!delivered && refusal !== undefined) throw refusal as Error;
    return delivered;
  }

  /** The number of the group that was its own from birth. */
  #ownGroup(): number | undefined {
    const { leader, group } = this.#leftovers.lastSeen;
    const known = this.#state.running ?? (group ? leader : undefined);
    return known !== undefined && known.pgid === known.identity.pid ? known.pgid : undefined;
  }

  async #killGroup(): Promise<boolean> {
    const pgid = this.#ownGroup();
    if (pgid === undefined || !['group', 'session', 'tree'].includes(this.#entry.scope))
      return false;
    return killPinnedGroup(pgid, this.#state.starting.key);
  }

  #killCgroup(): void {
    const { cgroup } = this.#state.starting;
    if (this.#entry.scope !== 'cgroup' || cgroup === undefined) return;
    try {
      writeFileSync(join(cgroup, 'cgroup.kill'), '1');
    } catch {
      // Before Linux 5.14, or it is gone: its members are signalled one by one.
    }
  }

  closeInput(): boolean {
    return false; // the pipe went with the supervisor that held it
  }

  async runAction(action: (target: never) => unknown): Promise<unknown> {
    return await action(this.#entry as never);
  }

  survivors(): Survivor[] {
    const { members, unproven } = this.#leftovers.lastSeen;
    return [...members, ...unproven].map((one) => explainSurvivor(infoOf(one)));
  }

  unlisted(): Survivor {
    return unlistedSurvivor(this.#leader);
  }
}
