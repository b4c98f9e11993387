// What a spawn that fails must look like: the error, and that nothing is left of the child.
import { expect } from 'vitest';
import type { spawn } from '../../src/index.js';
import { openDescriptors, ownChildren } from './proc.js';

export interface SystemErrorLike extends Error {
  code: string;
  errno: number;
  syscall: string;
  path: string;
  spawnargs: string[];
}

/** The error of a spawn that must fail. */
export async function failure(attempt: ReturnType<typeof spawn>): Promise<SystemErrorLike> {
  const child = await attempt.catch((error: unknown) => error as SystemErrorLike);
  if (child instanceof Error) return child;
  child.kill('SIGKILL');
  throw new Error('it started, and should have failed');
}

/** As failure(), and expects that at that moment no child, zombie or descriptor is left behind. */
export async function cleanFailure(start: () => ReturnType<typeof spawn>) {
  const children = ownChildren();
  const descriptors = openDescriptors();
  const error = await failure(start());
  // New ones only: what an earlier test left behind may be going at this moment.
  const known = new Set(children.map(({ pid }) => pid));
  const isNew = ([fd, link]: [number, string]) => descriptors.get(fd) !== link;
  expect(
    ownChildren().filter(({ pid }) => !known.has(pid)),
    'children',
  ).toEqual([]);
  expect([...openDescriptors()].filter(isNew), 'descriptors').toEqual([]);
  return error;
}
