/** What a child is made of, and what it tells. */
import type { AsyncResource } from 'node:async_hooks';

import type { Exit } from '../exit.js';
import type { ProcessIdentity } from '../identity.js';
import type { EscalationChoice } from '../options/escalation.js';
import type { Scope } from '../options/scope.js';
import type { Signal } from '../signals.js';
import type { Pipe } from '../stdio/pipe.js';

export interface ChildEvents {
  /** The leader has exited. */
  exit: [exit: Exit];
  /** The leader was stopped, by this signal. */
  stop: [signal: Signal];
  /** The leader runs again. */
  continue: [];
  /** No live member is left in the scope. */
  empty: [];
}

export interface WaitOptions {
  /** Milliseconds; 0 only looks whether it has exited. @default Infinity */
  readonly timeout?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface ChildSetup<Target> {
  readonly id: number;
  /** In which it was started. */
  readonly context: AsyncResource;
  readonly identity: ProcessIdentity;
  readonly pgid: number;
  readonly hasGroup: boolean;
  /** Not our child: `attach` watches it. */
  readonly attached: boolean;
  readonly scope: Scope;
  /** What `terminate` falls back to. */
  readonly escalation: EscalationChoice<Target>;
  readonly pipes: readonly (Pipe | null)[];
  readonly onRelease: (() => void) | undefined;
  readonly signal: AbortSignal | undefined;
  /** Milliseconds from now. */
  readonly timeout: number;
}
