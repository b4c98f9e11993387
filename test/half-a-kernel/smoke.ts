// Runs the smoke suite (smoke/main.mjs) under a filter, in a process of its own.
import { expect } from 'vitest';
import { fixture } from '../support/fixture.js';
import { jsonProgram } from '../support/program.js';

/** Every part of the interface is right for every scope; names what is not. */
export async function expectAllRight(
  under: string[],
  env: Record<string, string> = {},
): Promise<void> {
  // Its own file is the program of the supervisors that it kills.
  const source = 'process.argv[1] = SMOKE; await import(SMOKE);'.replaceAll(
    'SMOKE',
    "new URL('../../half-a-kernel/smoke/main.mjs', import.meta.url).pathname",
  );
  const { cases } = await jsonProgram<{ cases: Record<string, string> }>(source, {
    args: [fixture('ready')],
    under: [fixture('with-descriptor'), '40', '/dev/null', ...under],
    env,
  });
  expect(Object.keys(cases).length).toBeGreaterThan(25);
  expect(Object.entries(cases).filter(([, outcome]) => outcome !== 'right')).toEqual([]);
}
