// What may come of a call with any input: what was asked for, a TypeError or a RangeError with a code,
// the input's own error, or the kernel's word on valid input; and nothing is left of it.
import type fc from 'fast-check';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterAll, expect } from 'vitest';
import { Process } from '../../src/index.js';
import { openDescriptors, ownChildren } from '../support/proc.js';
import { waitFor } from '../support/wait-for.js';
import { OwnError } from './hostile.js';

const number = (name: string, fallback: number): number => Number(process.env[name] ?? fallback);

/** The same in every run, unless somebody looks for more. */
export const fuzzing: fc.Parameters<unknown> = {
  seed: number('REAPWELL_FUZZ_SEED', 20_261_128),
  numRuns: number('REAPWELL_FUZZ_RUNS', 300),
};

async function outcomeOf(call: () => unknown): Promise<unknown> {
  try {
    return await call();
  } catch (error) {
    return { thrown: error };
  }
}

function complaint(error: unknown): string | undefined {
  if (error instanceof OwnError) return undefined;
  if (!(error instanceof Error)) return 'no error at all';
  const { code, syscall } = error as Error & { code?: unknown; syscall?: unknown };
  if (typeof code !== 'string') return `without a code: ${String(error.stack)}`;
  if (error.name === 'TypeError' && error instanceof TypeError) return undefined;
  if (error.name === 'RangeError' && error instanceof RangeError) return undefined;
  if (typeof syscall === 'string' && /^E[A-Z0-9]+$/.test(code)) return undefined;
  return code.startsWith('ERR_REAPWELL_') ? undefined : String(error.stack);
}

/** Resolves to what was returned, or undefined where it was refused. */
export async function tried(call: () => unknown): Promise<unknown> {
  const outcome = await outcomeOf(call);
  if (typeof outcome !== 'object' || outcome === null || !('thrown' in outcome)) return outcome;
  expect(complaint(outcome.thrown)).toBeUndefined();
  return undefined;
}

/** Ends what was started after all. */
export async function ended(outcome: unknown): Promise<void> {
  if (!(outcome instanceof Process)) return;
  await outcome.terminate({ eofWait: 0, grace: 0, killWait: 10_000 });
  await outcome.empty;
}

/** Nothing is left of what `body` does: no child, no zombie, no descriptor. */
export async function leavingNothing(body: () => Promise<void>): Promise<void> {
  const pids = (): number[] => ownChildren().map(({ pid }) => pid);
  const before = { children: pids(), descriptors: openDescriptors() };
  await body();
  const more = (): unknown[] => [
    ...pids().filter((pid) => !before.children.includes(pid)),
    ...[...openDescriptors()].filter(([fd, link]) => before.descriptors.get(fd) !== link),
  ];
  let left: unknown[] = [];
  // The reading of /proc itself, and what closes a turn later.
  await waitFor(() => (left = more()).length === 0 || undefined, {
    what: 'nothing to be left',
  }).catch(() => undefined);
  expect(left).toEqual([]);
}

/** A directory for a whole file's tests, in which what is relative is made. */
export function workingDirectory(): string {
  const outer = mkdtempSync(`${tmpdir()}/reapwell-fuzz-`);
  const before = process.cwd();
  const inner = mkdtempSync(`${outer}/a-`);
  process.chdir(inner);
  afterAll(() => {
    process.chdir(before);
    rmSync(outer, { recursive: true, force: true });
  });
  return inner;
}
