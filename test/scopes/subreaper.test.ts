// configure({ subreaper: true }): orphans of our children come home and are reaped; nobody else's
// children are.
import { describe, expect, test } from 'vitest';
import { jsonProgram } from '../support/program.js';

interface Seen {
  home: number;
  left: number[];
  codes: (number | null)[];
  mine: { pid: number; status: number };
  waited: { pid: number; status: number };
}

interface Job {
  subreaper: boolean;
  seconds: number;
  /** Of spawn. */
  options: { scope: 'group' | 'tree'; limits?: { locks: number } };
  /** How long the orphans have to go, in milliseconds, once the jobs are over. */
  patience?: number;
}

// 40 children of node:child_process end beside the orphans, half of which lead a session as those do;
// and one of posix.posixSpawn, which only its caller may reap.
const program = ({ subreaper, seconds, options, patience = 10_000 }: Job) => `
  import { configure, posix, spawn } from 'reapwell';
  import { spawn as nodeSpawn } from 'node:child_process';
  import { once } from 'node:events';
  import { children, until } from '../../support/inside.mjs';
  configure({ subreaper: ${subreaper} });

  const mine = posix.posixSpawn('/bin/sh', ['-c', 'exit 9'], { stdio: 'ignore' });
  const codes = [];
  const parallel = (async () => {
    for (let i = 0; i < 40; i++) {
      const child = nodeSpawn('/bin/sh', ['-c', 'exit ' + i], { detached: i % 2 === 0 });
      const [code] = await once(child, 'exit');
      codes.push(code);
    }
  })();
  // Each says the pid of its grandchild, which is an orphan from then on.
  const script = '(setsid sleep ${seconds} >/dev/null & echo $!); cat >/dev/null';
  const jobs = await Promise.all(
    Array.from({ length: 100 }, () =>
      spawn('/bin/sh', ['-c', script], {
        stdio: ['pipe', 'pipe', 'ignore'],
        ...${JSON.stringify(options)},
      }),
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
  const patience = performance.now() + ${patience};
  await until(() => children().every((pid) => pid === mine) || performance.now() > patience);
  const left = children().filter((pid) => pid !== mine);
  const waited = posix.waitpid(mine, 0);
  console.log(JSON.stringify({ home, left, codes, mine: { pid: mine, status: 9 << 8 }, waited }));
`;

const run = (job: Job) => jsonProgram<Seen>(program(job));
const everyCode = Array.from({ length: 40 }, (_, index) => index);

describe.each(['group', 'tree'] as const)(
  "a hundred double-forked orphans, scope '%s'",
  (scope) => {
    test('that stay for a while come home and are reaped; no others', async () => {
      const { home, left, codes, mine, waited } = await run({
        subreaper: true,
        seconds: 3,
        options: { scope },
      });
      // Some may have ended by the time that they are counted.
      expect(home).toBeGreaterThan(0);
      expect(left).toEqual([]);
      expect(codes).toEqual(everyCode);
      expect(waited).toEqual(mine);
    });

    // Nobody has seen them alive: what proves them is in the zombie itself.
    test.each([0, 0.2])('that end after %d s are reaped; no others', async (seconds) => {
      const { left, codes, mine, waited } = await run({
        subreaper: true,
        seconds,
        options: { scope },
      });
      expect(left).toEqual([]);
      expect(codes).toEqual(everyCode);
      expect(waited).toEqual(mine);
    });
  },
);

// What shows that they do come home, and by what they are known: a limit of the caller's own takes
// the place of the mark.
test('without the mark those that end at once stay zombies; and nobody is reaped on a guess', async () => {
  const { left, codes, mine, waited } = await run({
    subreaper: true,
    seconds: 0,
    options: { scope: 'group', limits: { locks: 2 ** 40 } },
    patience: 2000,
  });
  expect(left.length).toBeGreaterThan(0);
  expect(codes).toEqual(everyCode);
  expect(waited).toEqual(mine);
});

test('without it they go to whoever adopts them', async () => {
  const { home, left, waited, mine } = await run({
    subreaper: false,
    seconds: 1,
    options: { scope: 'tree' },
  });
  expect({ home, left }).toEqual({ home: 0, left: [] });
  expect(waited).toEqual(mine);
});
