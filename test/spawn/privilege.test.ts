// What takes a privilege that we lack is refused before the program runs.
import { chmodSync, existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Exit } from '../../src/index.js';
import { temporaryDirectory } from '../support/probe.js';
import { jsonProgram } from '../support/program.js';

const nobody = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};

interface Seen {
  code: string;
  errno: number;
  syscall: string;
  path: string;
  spawnargs: string[];
  children: number[];
  newDescriptors: string[];
  exit: Exit | null;
}

// As nobody: tries to touch a file under each of the options, one after the other.
const program = `
  import { setImmediate } from 'node:timers/promises';
  import { spawn } from 'reapwell';
  import { children, descriptors, outcome } from '../../support/inside.mjs';
  const [proof, ...options] = process.argv.slice(2);
  await (await spawn('/bin/true')).empty;
  const before = descriptors();
  const seen = [];
  for (const option of options) {
    const attempt = spawn('/bin/touch', [proof], JSON.parse(option));
    const told = await outcome(attempt);
    const added = () => descriptors().filter((each) => !before.includes(each));
    // The claim on SIGCHLD is verified now and then, which reads /proc.
    const deadline = performance.now() + 5000;
    let newDescriptors = added();
    while (newDescriptors.length > 0 && performance.now() < deadline) {
      await setImmediate();
      newDescriptors = added();
    }
    seen.push({
      ...told,
      children: children(),
      newDescriptors,
      exit: await attempt.then((child) => child.exited, () => null),
    });
  }
  console.log(JSON.stringify(seen));
`;

async function attempt(...options: object[]): Promise<{ seen: Seen[]; ran: boolean }> {
  const directory = temporaryDirectory();
  chmodSync(directory, 0o777);
  const proof = `${directory}/proof`;
  const args = [proof, ...options.map((option) => JSON.stringify(option))];
  const seen = await jsonProgram<Seen[]>(program, {
    ...nobody,
    args,
    under: ['prlimit', '--nofile=4096'],
  });
  return { seen, ran: existsSync(proof) };
}

describe('as an unprivileged user', () => {
  test.each([
    ['another user', { uid: 0 }, 'EPERM', 'setuid'],
    ['another group', { gid: 0 }, 'EPERM', 'setgid'],
    ['supplementary groups', { groups: [0] }, 'EPERM', 'setgroups'],
    ['even an empty list of them', { groups: [] }, 'EPERM', 'setgroups'],
    ['all three', { uid: 1, gid: 1, groups: [1] }, 'EPERM', 'setgroups'],
    ['a lower nice value', { nice: -5 }, 'EACCES', 'setpriority'],
    ['a lower OOM score', { oomScoreAdj: -1000 }, 'EACCES', 'oom_score_adj'],
  ])('%s is refused', async (_, option, code, syscall) => {
    const { seen, ran } = await attempt(option);
    expect(seen).toEqual([
      expect.objectContaining({
        code,
        syscall,
        path: '/bin/touch',
        children: [],
        newDescriptors: [],
      }),
    ]);
    expect(seen[0]!.errno).toBeLessThan(0);
    expect(seen[0]!.spawnargs).toHaveLength(1);
    expect(ran).toBe(false);
  });

  test('a hard limit is not raised', async () => {
    const { seen, ran } = await attempt({ limits: { nofile: [64, 4097] } });
    expect(seen).toEqual([
      expect.objectContaining({
        code: 'EPERM',
        syscall: 'setrlimit',
        children: [],
        newDescriptors: [],
      }),
    ]);
    expect(ran).toBe(false);
  });

  test('what takes no privilege is granted', async () => {
    const { seen, ran } = await attempt({
      ...nobody,
      nice: 5,
      oomScoreAdj: 500,
      limits: { nofile: 64 },
      noNewPrivileges: true,
    });
    expect(seen).toEqual([
      expect.objectContaining({ exit: expect.objectContaining({ code: 0 }) as Exit }),
    ]);
    expect(ran).toBe(true);
  });

  test('a directory that it may not enter is EACCES', async () => {
    const closed = temporaryDirectory();
    chmodSync(closed, 0);
    const { seen, ran } = await attempt({ cwd: closed });
    expect(seen).toEqual([
      expect.objectContaining({ code: 'EACCES', syscall: 'chdir', path: closed, children: [] }),
    ]);
    expect(ran).toBe(false);
  });
});
