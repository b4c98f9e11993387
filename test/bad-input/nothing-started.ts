// What must hold of bad input: the class and code of the error, and that it came before anything.
import { readdirSync, readFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { expect } from 'vitest';
import { Child, posix } from '../../src/index.js';
import { ownChildren } from '../support/proc.js';

const codes: Record<string, RegExp> = {
  TypeError: /^ERR_(INVALID_ARG_TYPE|INVALID_ARG_VALUE|UNKNOWN_SIGNAL|INVALID_(FILE_)?URL_\w+)$/,
  RangeError: /^ERR_OUT_OF_RANGE$/,
};

/** What is wrong with the outcome of a call with bad input; undefined if nothing is. */
function complaint(outcome: unknown): string | undefined {
  if (!(outcome instanceof Error)) return 'accepted';
  const { code } = outcome as Error & { code?: unknown };
  const expected = codes[outcome.name];
  if (expected === undefined || outcome.constructor.name !== outcome.name) return String(outcome);
  if (typeof code !== 'string' || !expected.test(code)) return `${outcome.name} ${String(code)}`;
  return undefined;
}

export const show = (value: unknown): string => inspect(value, { depth: 4, breakLength: Infinity });

/** Tries each value; all that are not refused as they should be are in the one failure. */
export async function expectRefused(
  values: Iterable<unknown>,
  attempt: (value: unknown) => unknown,
): Promise<void> {
  const wrong: string[] = [];
  const before = ownChildren();
  for (const value of values) {
    const outcome = await outcomeOf(() => attempt(value));
    const problem = complaint(outcome);
    if (problem !== undefined) wrong.push(`${show(value)}: ${problem}`);
    await cleanUp(outcome);
  }
  expect(wrong).toEqual([]);
  expect(ownChildren()).toEqual(before);
}

// What was accepted after all must not be in the way of the tests that follow.
async function cleanUp(outcome: unknown): Promise<void> {
  if (outcome instanceof Child) {
    outcome.kill('SIGKILL');
    await outcome.exited;
  } else if (ownChildren().some(({ pid }) => pid === outcome)) {
    posix.waitpid(outcome as number, 0);
  }
}

async function outcomeOf(attempt: () => unknown): Promise<unknown> {
  try {
    return await attempt();
  } catch (error) {
    return error;
  }
}

/** A promise of the call, whose own throwing would be a mistake: it must be a rejection. */
export function promised(call: () => unknown): unknown {
  try {
    const result = call();
    return result instanceof Promise ? result : 'not a promise';
  } catch (error) {
    return `thrown, not rejected: ${String(error)}`;
  }
}

/** The library's threads are made at the first spawn: without one there are none. */
export function expectNeverStarted(): void {
  const names = readdirSync('/proc/self/task').map((tid) =>
    readFileSync(`/proc/self/task/${tid}/comm`, 'utf8').trim(),
  );
  expect(names.filter((name) => name.startsWith('reapwell'))).toEqual([]);
  expect(ownChildren()).toEqual([]);
}
