// configure({ subreaper: true }): orphans of our children come home and are reaped; nobody else's
// children are.
import { expect, test } from 'vitest';
import { jsonProgram } from '../support/program.js';

interface Seen {
  home: number;
  left: number[];
  codes: (number | null)[];
  mine: { pid: number; status: number };
  waited: { pid: number; status: number };
}

const program = (subreaper: boolean, seconds: number) => `
  import { configure, posix, spawn } from 'reapwell';
  import { spawn as nodeSpawn } from 'node:child_process';
  import { once } from 'node:events';
  import { children, until } from '../../support/inside.mjs';
  configure({ subreaper: ${subreaper} });

  const mine = posix.posixSpawn('/bin/sh', ['-c', 'exit 9'], { stdio: 'ignore' });
  const codes = [];
  const parallel = (async () => {
    for (let i = 0; i < 40; i++) {
      const [code] = await once(nodeSpawn('/bin/sh', ['-c', 'exit ' + i]), 'exit');
      codes.push(code);
    }
  })();
  // Each says the pid of its grandchild, which is an orphan from then on.
  const script = '(setsid sleep ${seconds} >/dev/null & echo $!); cat >/dev/null';
  const jobs = await Promise.all(
    Array.from({ length: 100 }, () =>
      spawn('/bin/sh', ['-c', script], { stdio: ['pipe', 'pipe', 'ignore'], scope: 'tree' }),
    ),
  );
  const orphans = new Set(
    await Promise.all(jobs.map(async ({ stdout }) => Number(String((await once(stdout, 'data'))[0])))),
  );
  let home = 0;
  for (const pid of children()) if (orphans.has(pid)) home++;
  for (const { stdin } of jobs) stdin.end();
  await Promise.all(jobs.map((job) => job.empty));
  await parallel;
  await until(() => children().every((pid) => pid === mine));
  const left = children().filter((pid) => pid !== mine);
  const waited = posix.waitpid(mine, 0);
  console.log(JSON.stringify({ home, left, codes, mine: { pid: mine, status: 9 << 8 }, waited }));
`;

// Orphans that make a session of their own and end before a listing has seen them can't be told from
// detached children of node:child_process (docs/decisions.md): they stay zombies, and are not tried.
test.each([['that stay for a while', 3]])(
  'a hundred double-forked orphans %s come home and are reaped; no others',
  async (_, seconds) => {
    const { home, left, codes, mine, waited } = await jsonProgram<Seen>(program(true, seconds));
    // Some may have ended by the time that they are counted.
    expect(home).toBeGreaterThan(0);
    expect(left).toHaveLength(0);
    expect(codes).toEqual(Array.from({ length: 40 }, (_, index) => index));
    expect(waited).toEqual(mine);
  },
);

test('without it they go to whoever adopts them', async () => {
  const { home, left, waited, mine } = await jsonProgram<Seen>(program(false, 1));
  expect({ home, left }).toEqual({ home: 0, left: [] });
  expect(waited).toEqual(mine);
});
