// Only zombies are left, and nobody reaps them: the scope is empty. Under an init that never reaps an
// orphan, which Node is as PID 1 of a namespace.
import { expect, test } from 'vitest';
import { jsonProgram } from '../support/program.js';
import { describeScopes, withMembers } from './columns.js';

const isRoot = process.getuid?.() === 0;

interface Seen {
  before: boolean;
  zombie: boolean;
  answers: boolean;
  empty: boolean;
  members: number;
  method: string;
}

describeScopes(withMembers, (scope) => {
  test.skipIf(!isRoot)('zombies that an init leaves lying do not count (needs root)', async () => {
    const seen = await jsonProgram<Seen>(
      `
          import { spawn } from 'reapwell';
          import { readFileSync } from 'node:fs';
          import { children, until } from '../../support/inside.mjs';
          const state = (pid) => /\\) (.) /.exec(readFileSync('/proc/' + pid + '/stat', 'utf8'))[1];
          const child = await spawn('/bin/sh', ['-c', 'sleep 60 >/dev/null & exit 0'], {
            stdio: 'ignore',
            scope: process.argv[2],
          });
          await child.exited;
          let settled = false;
          void child.empty.then(() => (settled = true));
          const [member] = child.members().map(({ pid }) => pid);
          const before = settled;
          process.kill(member, 'SIGKILL');
          await until(() => state(member) === 'Z');
          const empty = await until(() => settled);
          let answers = true;
          try {
            process.kill(-child.pid, 0);
          } catch {
            answers = false;
          }
          const { method } = await child.terminate();
          const zombie = children().includes(member) && state(member) === 'Z';
          const members = child.members().length;
          console.log(JSON.stringify({ before, zombie, answers, empty, members, method }));
        `,
      { under: ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child'], args: [scope] },
    );
    // To what asks kill(2), the group is still there.
    expect(seen).toEqual({
      before: false,
      zombie: true,
      answers: true,
      empty: true,
      members: 0,
      method: 'not_running',
    });
  });
});
