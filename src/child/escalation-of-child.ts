/** A child, as an escalation acts on it. */

import type { ProcessIdentity } from '../identity.js';
import { isWide, type Scope } from '../options/scope.js';
import { signalNumber, type Signal } from '../signals.js';
import type { EscalationTarget } from '../terminate/escalation.js';
import type { Survivor } from '../terminate/termination.js';
import type { Pipe } from '../stdio/pipe.js';
import { Timer } from '../timer.js';
import type { Lifetime } from './lifetime.js';
import { scopeSurvivors, unlistedSurvivor, type Leader } from './scope-members.js';

// The verdict comes in milliseconds, on a loaded machine later. Members that fork and exit all the time
// are hard to see: who can't be called gone by then is taken to be there.
const VERDICT_WAIT = 3000;

/** What of a child this needs; `Child` has it. */
export interface Endable extends Leader {
  kill(signal: Signal, scope?: Scope): boolean;
}

export class EscalationOfChild implements EscalationTarget {
  readonly #child: Endable;
  readonly #lifetime: Lifetime<unknown>;
  readonly #input: Pipe | null;
  /** Whether anybody outlives the leader is known, or has taken too long to find out. */
  #verdict: Promise<void> | undefined;

  constructor(child: Endable, lifetime: Lifetime<unknown>, input: Pipe | null) {
    this.#child = child;
    this.#input = input;
    this.#lifetime = lifetime;
  }

  get identity(): ProcessIdentity {
    return this.#child.identity;
  }

  get referenced(): boolean {
    return this.#lifetime.referenced;
  }

  async checkEmpty(): Promise<boolean> {
    if (this.#lifetime.isEmpty) return true;
    if (this.#lifetime.poll().state !== 'exited') return false;
    // It has exited, so the reaper is about to tell; and whether anybody is left, just after that.
    await this.#lifetime.exited;
    if (this.#child.scope === 'leader') return true;
    if (this.#child.scope === 'group' && !this.#lifetime.groupExists()) return true;
    await (this.#verdict ??= this.#awaitVerdict());
    return this.#lifetime.isEmpty;
  }

  #awaitVerdict(): Promise<void> {
    return new Promise((resolve) => {
      const timer = new Timer(VERDICT_WAIT, resolve);
      void Promise.race([this.#lifetime.whenEmpty, this.#lifetime.occupied]).then(() => {
        timer.clear();
        resolve();
      });
    });
  }

  onceEmpty(callback: () => void): () => void {
    let wanted = true;
    void this.#lifetime.whenEmpty.then(() => {
      if (wanted) callback();
    });
    return () => {
      wanted = false;
    };
  }

  async signal(signal: Signal, scope: Scope = this.#child.scope): Promise<boolean> {
    if (isWide(scope)) return this.#lifetime.sweepScope(signalNumber(signal));
    return this.#child.kill(signal, scope);
  }

  closeInput(): boolean {
    return this.#input?.end() ?? false;
  }

  async runAction(action: (child: never) => unknown): Promise<unknown> {
    return await action(this.#child as never);
  }

  survivors(): Survivor[] {
    return scopeSurvivors(this.#lifetime, this.#child);
  }

  unlisted(): Survivor {
    return unlistedSurvivor(this.#child);
  }
}
