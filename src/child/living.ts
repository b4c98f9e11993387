/** The children of this environment that it has to end: those whose scope is not empty, nor released. */
import { Slots } from '../native/slots.js';
import type { EscalationChoice } from '../options/escalation.js';
import type { Termination } from '../terminate/termination.js';
import type { ProcessIdentity } from '../identity.js';

/** What of a child this needs; `Process` has it. */
export interface Living {
  readonly identity: ProcessIdentity;
  endWith(choice: EscalationChoice<never>): Promise<Termination>;
}

const living = new Slots<Living>();

/** Returns the number to take it out by. */
export const addLiving = (child: Living): number => living.add(child);
export const removeLiving = (number: number): void => living.remove(number);

export function allLiving(): Living[] {
  const all: Living[] = [];
  living.forEach((child) => all.push(child));
  return all;
}
