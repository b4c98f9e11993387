// Several copies of the addon in one process (two versions in one dependency tree, say), one of
// them in a worker: none takes another's children, none loses its own.
import { expect, test } from 'vitest';
import { claimsSigchld } from '../modes.js';
import { fixture } from '../support/fixture.js';
import { jsonProgram, repository } from '../support/program.js';

interface Audit {
  exits: number;
  wrong: number;
  claimed: boolean;
}

const count = 300;

test('three copies of the addon and child_process each get all of their own exits', async () => {
  const { node, ...copies } = await jsonProgram<Record<'own' | 'second' | 'third' | 'node', Audit>>(
    "import '../../fixtures/two-copies.mjs';",
    { args: [repository, fixture('exit-with'), `${count}`] },
  );
  expect(node).toEqual({ exits: count, wrong: 0 });
  for (const copy of Object.values(copies)) {
    expect(copy).toMatchObject({ exits: count, wrong: 0 });
  }
  // SIGCHLD can be claimed once in a process.
  const claims = Object.values(copies).filter(({ claimed }) => claimed);
  expect(claims).toHaveLength(claimsSigchld ? 1 : 0);
});
