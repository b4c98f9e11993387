// capabilities() tells each ability apart: what a filter refuses, and nothing else, is missing.
import { describe, expect, test } from 'vitest';
import type { Capabilities } from '../../src/index.js';
import { jsonProgram } from '../support/program.js';
import { answers, single, together } from './filters.js';

const source = `
  import { capabilities, run } from 'reapwell';
  await run('true');
  console.log(JSON.stringify(capabilities()));
`;

// Whichever mode the tests run in.
const env = { REAPWELL_PIDFD: undefined, REAPWELL_SIGCHLD: undefined };

function ask(under: string[], more: Record<string, string> = {}): Promise<Capabilities> {
  return jsonProgram<Capabilities>(source, { under, env: { ...env, ...more } });
}

function withoutThem(capabilities: Capabilities, left: readonly (keyof Capabilities)[]) {
  const entries = Object.entries(capabilities);
  return Object.fromEntries(entries.filter(([name]) => !left.includes(name as never)));
}

let asked: Promise<Capabilities> | undefined;
/** What there is where nothing is refused. */
function askHere(): Promise<Capabilities> {
  return (asked ??= ask([]));
}

const refused = answers([...single, ...together]);

describe('capabilities()', () => {
  test.each(refused)('without %s', async (_, under, { lacks, open = [] }) => {
    const expected: Record<string, unknown> = { ...(await askHere()) };
    for (const name of lacks) expected[name] = false;
    if (lacks.includes('signalfd')) {
      Object.assign(expected, { sigchld: 'shared', sigchldReason: 'no signalfd could be made' });
    }
    const found = await ask(under);
    expect(withoutThem(found, open)).toEqual(withoutThem(expected as never, open));
  });

  test('where it was told to do without pidfds, none of what is done by pidfd', async () => {
    const found = await ask([], { REAPWELL_PIDFD: 'off' });
    const byPidfd = Object.entries(found).filter(([name]) => name.startsWith('pidfd'));
    expect(byPidfd.filter(([, is]) => is !== false)).toEqual([]);
    const { closeRange, signalfd } = await askHere();
    expect(found).toMatchObject({ closeRange, signalfd });
  });
});
