// Sources that lie on the numbers that are to be filled: every arrangement of 0 to 2, with any of
// them closed in the parent. Each in a program of its own, whose descriptors are files of ours.
import { closeSync, openSync, readFileSync } from 'node:fs';
import { describe, expect, onTestFinished, test } from 'vitest';
import { fixture } from '../support/fixture.js';
import { temporaryDirectory, type ProbeDescriptor } from '../support/probe.js';
import { nodeProgram } from '../support/program.js';

type Source = number | 'pipe' | 'ignore';

interface Trial {
  stdio: Source[];
  descriptors: ProbeDescriptor[];
}

// Closes what it is told to, spawns the probe with each arrangement, and writes down what the probe
// saw. Its standard streams are not there to say it.
const program = `
  import { spawn } from 'reapwell';
  import { closeSync, readFileSync, writeFileSync } from 'node:fs';
  const { probe, directory, closed, arrangements } = JSON.parse(process.argv[2]);
  try {
    for (const fd of closed) closeSync(fd);
    const trials = [];
    for (const stdio of arrangements) {
      const out = directory + '/probe';
      const child = await spawn(probe, ['out=' + out], { stdio });
      for (const stream of child.stdio) stream?.destroy();
      await child.exited;
      trials.push({ stdio, descriptors: JSON.parse(readFileSync(out, 'utf8')).descriptors });
    }
    writeFileSync(directory + '/result', JSON.stringify(trials));
  } catch (error) {
    writeFileSync(directory + '/result', JSON.stringify(error.stack));
    process.exit(1);
  }
`;

async function arrange(closed: number[], arrangements: Source[][], count: number) {
  const directory = temporaryDirectory();
  const fds = Array.from({ length: count }, (_, index) => openSync(`${directory}/${index}`, 'w+'));
  onTestFinished(() => fds.forEach((fd) => closeSync(fd)));
  const setting = { probe: fixture('probe'), directory, closed, arrangements };
  const { code } = await nodeProgram(program, { args: [JSON.stringify(setting)], stdio: fds });
  const result = JSON.parse(readFileSync(`${directory}/result`, 'utf8')) as Trial[] | string;
  if (typeof result === 'string') throw new Error(result);
  expect(code).toBe(0);
  return { directory, trials: result };
}

const combinations = (sources: Source[], count: number): Source[][] =>
  count === 0
    ? [[]]
    : combinations(sources, count - 1).flatMap((rest) =>
        sources.map((source) => [...rest, source]),
      );

function expectExactly({ stdio, descriptors }: Trial, directory: string): void {
  const label = JSON.stringify(stdio);
  expect(
    descriptors.map(({ fd, link }) => [fd, link.replace(/^pipe:.*|^socket:.*/, 'pipe')]),
    label,
  ).toEqual(
    stdio.flatMap((source, fd) => {
      if (source === 'pipe') return [[fd, 'pipe']];
      if (source !== 'ignore') return [[fd, `${directory}/${source}`]];
      return fd < 3 ? [[fd, '/dev/null']] : [];
    }),
  );
  const pipes = descriptors.filter(({ link }) => /^pipe|^socket/.test(link));
  expect(new Set(pipes.map(({ link }) => link)).size, label).toBe(pipes.length);
  for (const { fd, pipe, access, nonblock, cloexec } of descriptors) {
    expect({ nonblock, cloexec }, `${label} at ${fd}`).toEqual({ nonblock: false, cloexec: false });
    if (pipe) expect(access, `${label} at ${fd}`).toBe(fd === 0 ? 'r' : 'w');
  }
}

describe('0 to 2 in every arrangement', () => {
  test.each([[[]], [[0]], [[1]], [[2]], [[0, 1]], [[0, 2]], [[1, 2]], [[0, 1, 2]]])(
    'with %j closed in the parent',
    async (closed: number[]) => {
      // 4 is a file that nobody closes; 3 is left out so that it is not at the next number.
      const open = [0, 1, 2, 4].filter((fd) => !closed.includes(fd));
      const arrangements = combinations([...open, 'pipe', 'ignore'], 3);
      const { directory, trials } = await arrange(closed, arrangements, 5);
      expect(trials).toHaveLength(arrangements.length);
      for (const trial of trials) expectExactly(trial, directory);
    },
  );
});

test('extra descriptors crossed with each other and with the standard ones', async () => {
  const arrangements: Source[][] = [
    [5, 4, 3, 2, 1, 0],
    [3, 4, 5, 0, 1, 2],
    ['ignore', 'ignore', 'ignore', 5, 3, 4],
    ['ignore', 'pipe', 'ignore', 4, 'pipe', 3],
    ['pipe', 5, 'pipe', 'pipe', 3, 'ignore'],
    [5, 5, 5, 5, 5, 5],
    [1, 2, 3, 4, 5, 0],
    [0, 1, 2, 3, 4, 5],
  ];
  const { directory, trials } = await arrange([], arrangements, 6);
  expect(trials).toHaveLength(arrangements.length);
  for (const trial of trials) expectExactly(trial, directory);
});

test('stdout to 2 and stderr to 1, crossed, carry what is written', async () => {
  const directory = temporaryDirectory();
  const fds = [openSync(`${directory}/out`, 'w'), openSync(`${directory}/err`, 'w')];
  onTestFinished(() => fds.forEach((fd) => closeSync(fd)));
  const source = `
    import { spawn } from 'reapwell';
    const child = await spawn('/bin/sh', ['-c', 'echo to 1; echo to 2 >&2'], { stdio: ['ignore', 2, 1] });
    process.exitCode = (await child.exited).code;
  `;
  const { code } = await nodeProgram(source, { stdio: ['ignore', ...fds] });
  expect(code).toBe(0);
  expect(readFileSync(`${directory}/out`, 'utf8')).toBe('to 2\n');
  expect(readFileSync(`${directory}/err`, 'utf8')).toBe('to 1\n');
});

describe("'inherit' of a descriptor that is closed in the parent", () => {
  // The library opens descriptors of its own, and the lowest free number is the closed one.
  test.each([0, 1, 2])('%d: never one of ours or of the library’s', async (closed) => {
    const directory = temporaryDirectory();
    const source = `
      import { spawn } from 'reapwell';
      import { closeSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
      const [probe, directory, closed] = process.argv.slice(2);
      closeSync(Number(closed));
      const stdio = ['pipe', 'pipe', 'pipe'];
      stdio[closed] = 'inherit';
      const seen = [];
      for (let i = 0; i < 3; i++) {
        const out = directory + '/probe' + i;
        const result = await spawn(probe, ['out=' + out], { stdio }).then(async (child) => {
          await child.exited;
          const { descriptors } = JSON.parse(readFileSync(out, 'utf8'));
          return descriptors.find(({ fd }) => fd === Number(closed))?.link ?? 'closed';
        }, ({ code }) => code);
        seen.push(result);
      }
      writeFileSync(directory + '/result', JSON.stringify(seen));
      process.exit(0);
    `;
    await nodeProgram(source, { args: [fixture('probe'), directory, String(closed)] });
    const seen = JSON.parse(readFileSync(`${directory}/result`, 'utf8')) as string[];
    expect(seen).toHaveLength(3);
    for (const each of seen) expect(['EBADF', 'closed']).toContain(each);
  });
});
