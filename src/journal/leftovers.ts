/** What is left of a recorded child: looked at, and held, so that it can be signalled and awaited. */
import { readdirSync, rmdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { attach, letGo } from '../attach/attach.js';
import type { Process } from '../child/process.js';
import { Timer } from '../timer.js';
import type { Census } from './census.js';
import type { JournalEntry } from './entry.js';
import type { RecordState } from './fold.js';
import { whoIsLeft, type Left, type ListedProcess } from './left.js';
import { isUnmoved } from './proof.js';

/** Members that fork and leave all the time can be gone before their cookie is read. */
export const PROOF_LOOKS = 20;
// Between two looks at somebody who can't be held, and so can't be waited for.
const LOOK_AGAIN = 100;

const nameOf = ({ pid, identity: { startTicks } }: ListedProcess): string => `${pid} ${startTicks}`;

interface Holding {
  readonly held: readonly Process[];
  /** Some changed their place meanwhile, or died: the next look tells. */
  readonly unsure: boolean;
}

export class Leftovers {
  readonly #state: RecordState;
  readonly #entry: JournalEntry;
  readonly #census: Census;
  /** Everybody who was proven to be a member, while held; a signal goes through these alone. */
  readonly #held = new Map<string, Process>();
  #lastSeen: Left;
  #closed = false;
  /** Whether waiting for them keeps the event loop from ending. */
  readonly referenced: boolean;

  constructor(
    state: RecordState,
    entry: JournalEntry,
    census: Census,
    seen: Left,
    referenced = true,
  ) {
    this.#state = state;
    this.#entry = entry;
    this.#census = census;
    this.#lastSeen = seen;
    this.referenced = referenced;
  }

  /** Who is left, where the first look found some of whom nothing is proven. */
  async lookForProof(): Promise<Left> {
    for (let look = 1; look < PROOF_LOOKS; look++) {
      const { members, unproven } = this.#lastSeen;
      if (members.length > 0 || unproven.length === 0) break;
      await this.look();
    }
    return this.#lastSeen;
  }

  /** As of the last look. */
  get lastSeen(): Left {
    return this.#lastSeen;
  }

  /** Rejects with NoProcError. */
  async checkEmpty(): Promise<boolean> {
    // Twice: one listing can miss a member that forks and exits while it is made.
    return (await this.#isClear()) && (await this.#isClear());
  }

  async #isClear(): Promise<boolean> {
    const { members, unproven } = await this.look();
    return members.length + unproven.length === 0;
  }

  async look(): Promise<Left> {
    // Only where the cookie is all that is known can an exec hide the child.
    const known = this.#state.running !== undefined;
    const listing = await (known ? this.#census.take() : this.#census.takeSettled());
    this.#lastSeen = whoIsLeft(this.#state, listing, (one) => this.#isHeld(one));
    return this.#lastSeen;
  }

  // Alive after the listing was made, and held since before it: so it is that one's line.
  #isHeld(one: ListedProcess): boolean {
    const process = this.#held.get(nameOf(one));
    return process !== undefined && process.poll().state !== 'exited';
  }

  onceEmpty(callback: () => void): () => void {
    let wanted = true;
    const wait = async (): Promise<void> => {
      while (wanted) {
        if (await this.checkEmpty()) break;
        const { held } = await this.hold(this.#lastSeen.members);
        await Promise.all(held.map((process) => process.exited));
        if (held.length > 0) continue;
        await new Promise<void>((resolve) => {
          new Timer(LOOK_AGAIN, resolve).reference(this.referenced);
        });
      }
      if (wanted) callback();
    };
    // Without /proc nothing can be told: the step's wait goes by.
    wait().catch(() => undefined);
    return () => {
      wanted = false;
    };
  }

  async hold(members: readonly ListedProcess[]): Promise<Holding> {
    const held = await Promise.all(members.map((one) => this.#holdOne(one)));
    return { held: held.flatMap((process) => process ?? []), unsure: held.includes(undefined) };
  }

  /** Undefined: it is gone, or is not proven to be the one that was listed. */
  async #holdOne(one: ListedProcess): Promise<Process | undefined> {
    const name = nameOf(one);
    const already = this.#held.get(name);
    if (already !== undefined) return already;
    // What was recorded of the leader has its inode, too, which no other process ever gets.
    const { identity } = this.#entry;
    const leads = one === this.#lastSeen.leader && identity !== undefined;
    let process: Process;
    try {
      process = await attach(leads ? identity : one.identity, { scope: 'leader' });
    } catch {
      return undefined;
    }
    // Between the listing and the hold its number can have become a stranger's, who started within the
    // same hundredth of a second. Looked at again now that it can't, it is told. The leader's inode has
    // told already, and it stays the leader wherever it moves.
    const known = leads && process.identity.inode !== 0 && identity.inode !== 0;
    const proven = (known || (await this.#isStill(one))) && process.poll().state !== 'exited';
    const meanwhile = this.#held.get(name);
    if (!proven || this.#closed || meanwhile !== undefined) {
      letGo(process);
      return meanwhile;
    }
    if (!this.referenced) process.unref();
    this.#held.set(name, process);
    return process;
  }

  async #isStill(one: ListedProcess): Promise<boolean> {
    if (!isUnmoved(one)) return false;
    const { key } = this.#state.starting;
    if (one.cookies?.includes(key) !== true) return true;
    const environment = await readFile(`/proc/${one.pid}/environ`, 'latin1').catch(() => '');
    return environment.includes(key);
  }

  /** Lets go of everybody. */
  close(): void {
    this.#closed = true;
    for (const process of this.#held.values()) letGo(process);
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
