/** Ends everything that this environment has started. */
import type { Child } from '../child/child.js';
import { allLiving, type Living } from '../child/living.js';
import type { ProcessIdentity } from '../identity.js';
import { addHold, dropHold } from '../native/events.js';
import {
  chooseEscalation,
  ESCALATION_KEYS,
  type EscalationChoice,
  type EscalationOptions,
} from '../options/escalation.js';
import { checkOptions } from '../options/validate.js';
import { cancelStarts, refuseStarts } from '../spawn/start-call.js';
import type { Termination } from '../terminate/termination.js';

/** What came of one child, and whose end it was. */
export type TerminatedChild = Termination & { readonly identity: ProcessIdentity };

const KEYS: ReadonlySet<string> = new Set(ESCALATION_KEYS);

/**
 * Ends every scope that this environment (the main thread, or the worker that calls it) has started and
 * not released, those with `onExit: 'leave'` too; what was only attached to is left alone. Each by its own
 * escalation with these options over it, all at once; one that is under way is joined. Starts under way
 * are called off: their `spawn` rejects with an AbortError, their `run` is 'terminated'.
 *
 * What is started meanwhile, by an action of an escalation for example, may go on until everything else
 * has ended, and is then ended too; from there until this resolves, nothing more is started.
 *
 * Resolves with the termination of each child, in no order, also where survivors are left ('failed').
 * Rejects for bad options, before anything is ended.
 */
export async function terminateAll(
  options: EscalationOptions<Child> = {},
): Promise<TerminatedChild[]> {
  return endEverything(chooseEscalation<never>(checkOptions(options, KEYS)));
}

/** @internal With options that have been checked. */
export async function endEverything(choice: EscalationChoice<never>): Promise<TerminatedChild[]> {
  const seen = new Set<Living>();
  const terminations: TerminatedChild[] = [];
  const end = async (child: Living): Promise<void> => {
    const termination = await child.endWith(choice);
    terminations.push({ ...termination, identity: child.identity });
  };
  // All who are there, once; one that failed is not tried again and again.
  const pass = async (): Promise<boolean> => {
    const starts = cancelStarts();
    const children = allLiving().filter((child) => !seen.has(child));
    for (const child of children) seen.add(child);
    const outcomes = await Promise.allSettled([...starts, ...children.map(end)]);
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed !== undefined) failures.push(failed.reason);
    return outcomes.length > 0;
  };
  const failures: unknown[] = [];
  // Children that are unref'd, and the timers of their escalations, hold nothing.
  addHold();
  let refusing = false;
  try {
    await pass();
    refuseStarts(true);
    refusing = true;
    while (await pass());
  } finally {
    if (refusing) refuseStarts(false);
    dropHold();
  }
  if (failures.length > 0) throw failures[0];
  return terminations;
}
