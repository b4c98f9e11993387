// The columns of the table of cases: each case is run for a plain child, a group, a session, a tree and
// a cgroup, and a column that can't be had here is skipped by name, with the reason.
import { describe } from 'vitest';
import { capabilities, type Scope } from '../../src/index.js';

export const everyScope: readonly Scope[] = ['leader', 'group', 'session', 'tree', 'cgroup'];
/** Those that hold members too. */
export const withMembers = everyScope.filter((scope) => scope !== 'leader');

function whyNot(scope: Scope): string | undefined {
  if (scope !== 'cgroup' || capabilities().cgroup.writable) return undefined;
  return 'no cgroup v2 is writable here';
}

/** Declares the tests of `body` once for each scope. */
export function describeScopes(scopes: readonly Scope[], body: (scope: Scope) => void): void {
  for (const scope of scopes) {
    const reason = whyNot(scope);
    const name = `scope '${scope}'`;
    if (reason === undefined) describe(name, () => body(scope));
    else describe.skip(`${name} (skipped: ${reason})`, () => body(scope));
  }
}
