/** What is left of a recorded child, as an escalation acts on it. */
import { readdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { attach } from '../attach/attach.js';
import type { ProcessInfo } from '../child/members.js';
import type { Process } from '../child/process.js';
import type { ProcessIdentity } from '../identity.js';
import { explainSurvivor } from '../child/scope-members.js';
import type { Scope } from '../options/scope.js';
import type { Signal } from '../signals.js';
import type { EscalationTarget } from '../terminate/escalation.js';
import type { Survivor } from '../terminate/termination.js';
import type { Census } from './census.js';
import type { JournalEntry } from './entry.js';
import type { RecordState } from './fold.js';
import { whoIsLeft, type Left } from './left.js';

// A bomb that forks is caught up with because every round leaves fewer that fork.
const MOST_ROUNDS = 100;

export class Leftovers implements EscalationTarget {
  readonly #state: RecordState;
  readonly #entry: JournalEntry;
  readonly #census: Census;
  /** Holds the identity of everybody who was seen; a signal goes through these alone. */
  readonly #held = new Map<string, Process>();
  #lastSeen: Left;
  readonly referenced = true;

  constructor(state: RecordState, entry: JournalEntry, census: Census, seen: Left) {
    this.#state = state;
    this.#entry = entry;
    this.#census = census;
    this.#lastSeen = seen;
  }

  get identity(): ProcessIdentity | undefined {
    return this.#entry.identity ?? this.#lastSeen.members[0]?.identity;
  }

  async checkEmpty(): Promise<boolean> {
    // Twice: one listing can miss a member that forks and exits while it is made.
    return (await this.#isClear()) && (await this.#isClear());
  }

  async #isClear(): Promise<boolean> {
    return (await this.#look()).members.length === 0;
  }

  async #look(): Promise<Left> {
    // Only where the cookie is all that is known can an exec hide the child.
    const known = this.#state.running !== undefined;
    const listing = await (known ? this.#census.take() : this.#census.takeSettled());
    this.#lastSeen = whoIsLeft(this.#state, listing);
    return this.#lastSeen;
  }

  onceEmpty(callback: () => void): () => void {
    let wanted = true;
    const wait = async (): Promise<void> => {
      while (wanted) {
        if (await this.checkEmpty()) break;
        const held = await this.#hold(this.#lastSeen.members);
        await Promise.all(held.map((process) => process.exited));
      }
      if (wanted) callback();
    };
    // Without /proc nothing can be told: the step's wait goes by.
    wait().catch(() => undefined);
    return () => {
      wanted = false;
    };
  }

  async #hold(members: readonly ProcessInfo[]): Promise<Process[]> {
    const held = await Promise.all(
      members.map(async ({ pid, identity }) => {
        const key = `${pid} ${identity.startTicks}`;
        const known = this.#held.get(key);
        if (known !== undefined) return known;
        try {
          const process = await attach(identity, { scope: 'leader' });
          this.#held.set(key, process);
          return process;
        } catch {
          return undefined; // gone meanwhile; a stranger with its number is refused
        }
      }),
    );
    return held.flatMap((process) => process ?? []);
  }

  async signal(signal: Signal, scope: Scope = this.#entry.scope): Promise<boolean> {
    if (scope === 'leader') return this.#signalAll(signal, () => this.#leader());
    if (signal !== 'SIGKILL') return this.#signalAll(signal, (left) => left.members);
    this.#killCgroup();
    // Stopped, nobody can fork past the listing; whoever was reached so may end of it already.
    const stopped = await this.#signalAll('SIGSTOP', (left) => left.members);
    const killed = await this.#signalAll(signal, (left) => left.members);
    return stopped || killed;
  }

  #leader(): readonly ProcessInfo[] {
    const { leader } = this.#lastSeen;
    return leader === undefined ? [] : [leader];
  }

  // Signals whoever is there, then whoever appeared meanwhile, until nobody new does.
  async #signalAll(signal: Signal, who: (left: Left) => readonly ProcessInfo[]): Promise<boolean> {
    const done = new Set<Process>();
    let delivered = false;
    let refusal: unknown;
    for (let round = 0; round < MOST_ROUNDS; round++) {
      const left = await this.#look();
      const fresh = (await this.#hold(who(left))).filter((process) => !done.has(process));
      if (fresh.length === 0) break;
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
    return this.#lastSeen.members.map(explainSurvivor);
  }

  /** Lets go of everybody. */
  close(): void {
    for (const process of this.#held.values()) {
      process.release();
      process.unref();
    }
    this.#held.clear();
  }
}

/** An empty one's folders. */
export function removeCgroup(path: string): void {
  try {
    for (const entry of readdirSync(path, { withFileTypes: true })) {
      if (entry.isDirectory()) removeCgroup(join(path, entry.name));
    }
    rmdirSync(path);
  } catch {
    // Not there, or not empty: then it is not ours to remove.
  }
}
