/** What one look at a child can say. */
import type { Exit } from '../exit.js';
import type { Signal } from '../signals.js';

export type ChildState =
  | { readonly state: 'running' }
  | { readonly state: 'stopped'; readonly signal: Signal }
  | { readonly state: 'exited'; readonly exit: Exit };

export const RUNNING: ChildState = Object.freeze({ state: 'running' });
