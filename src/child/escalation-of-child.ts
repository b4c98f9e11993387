/** A child, as an escalation acts on it. */
import type { Writable } from 'node:stream';

import type { Scope } from '../options/escalation.js';
import type { Signal } from '../signals.js';
import type { EscalationTarget } from '../terminate/escalation.js';
import type { Survivor } from '../terminate/termination.js';
import type { Lifetime } from './lifetime.js';
import { explainSurvivor } from './scope-members.js';
import type { ProcessInfo } from './members.js';

/** What of a child this needs; `Child` has it. */
export interface Endable {
  readonly pid: number;
  readonly scope: Scope;
  readonly stdin: Writable | null;
  kill(signal: Signal, scope?: Scope): boolean;
  members(): ProcessInfo[];
}

export class EscalationOfChild implements EscalationTarget {
  readonly #child: Endable;
  readonly #lifetime: Lifetime;

  constructor(child: Endable, lifetime: Lifetime) {
    this.#child = child;
    this.#lifetime = lifetime;
  }

  get referenced(): boolean {
    return this.#lifetime.referenced;
  }

  async checkEmpty(): Promise<boolean> {
    if (this.#lifetime.isEmpty) return true;
    if (this.#lifetime.poll().state !== 'exited') return false;
    // It has exited, so the reaper is about to tell; what it says of the group follows at once.
    await this.#lifetime.exited;
    if (this.#child.scope === 'leader' || !this.#lifetime.signalGroup(0)) return true;
    return this.#child.members().length === 0;
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

  signal(signal: Signal, scope: Scope | undefined): boolean {
    return this.#child.kill(signal, scope ?? this.#child.scope);
  }

  closeInput(): boolean {
    const { stdin } = this.#child;
    if (stdin === null || stdin.destroyed) return false;
    // What the caller has written is still delivered; then the pipe is closed.
    stdin.end();
    return true;
  }

  async runAction(action: (child: never) => unknown): Promise<unknown> {
    return await action(this.#child as never);
  }

  survivors(): Survivor[] {
    return this.#child.members().map(explainSurvivor);
  }
}
