// What becomes of a child when its supervisor ends, and when it is killed: `onExit` and
// `parentDeathSignal` are two halves of one answer, so whichever is not given follows the other.
import { readFileSync } from 'node:fs';
import { describe, expect, onTestFinished, test } from 'vitest';
import { probe } from '../support/probe.js';
import { isAlive } from '../support/proc.js';
import { startProgram } from '../support/program.js';
import { waitFor } from '../support/wait-for.js';

const ends = {
  'process.exit': 'process.exit(3);',
  'an uncaught throw': "setImmediate(() => { throw new Error('meant'); });",
  'its natural end': 'for (const each of children) each.unref();',
  'kill -9': "process.kill(process.pid, 'SIGKILL');",
  SIGTERM: "process.kill(process.pid, 'SIGTERM'); setInterval(() => {}, 1000);",
} as const;
type End = keyof typeof ends;
const orderly: readonly End[] = ['process.exit', 'an uncaught throw', 'its natural end'];

const RUN = `await new Promise((resolve) => {
  void run('/bin/sleep', ['60'], {
    stdio: 'ignore', progressInterval: 1, onProgress: ({ pid }) => resolve({ pid }), ...options,
  });
})`;

type Fate = 'ended' | 'left';

const hasPending = (pid: number): boolean =>
  !/^ShdPnd:\t0+$/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));

// The kernel sends parent-death signals before it lets the supervisor's parent know of its end. One that
// is ended by every end shows that there was time to die of them.
async function expectFate(
  fate: Fate,
  options: string,
  end: End,
  { start = "await spawn('/bin/sleep', ['60'], { stdio: 'ignore', ...options })", body = '' } = {},
): Promise<void> {
  const program = startProgram(`
    import { run, spawn } from 'reapwell';
    import { writeSync } from 'node:fs';
    const options = ${options};
    const child = ${start};
    const witness = await spawn('/bin/sleep', ['60'], {
      stdio: 'ignore', onExit: 'terminate', parentDeathSignal: 'SIGKILL',
    });
    const children = [child, witness];
    ${body}
    writeSync(1, 'pids ' + child.pid + ' ' + witness.pid + '\\n');
    ${ends[end]}
  `);
  const { stdout, stderr } = await program.ended;
  const [pid = 0, witness = 0] = stdout.trim().split(' ').slice(1).map(Number);
  onTestFinished(() => {
    for (const each of [pid, witness]) if (each > 1 && isAlive(each)) process.kill(each, 'SIGKILL');
  });
  expect(pid, stderr).toBeGreaterThan(1);
  await waitFor(() => !isAlive(witness), { what: 'the end of the witness' });
  if (fate === 'ended') await waitFor(() => !isAlive(pid), { what: 'the end of the child' });
  else expect(isAlive(pid) && !hasPending(pid), 'it lives on').toBe(true);
}

const answers: [options: string, ended: readonly End[], left: readonly End[]][] = [
  ['{}', Object.keys(ends) as End[], []],
  ["{ onExit: 'terminate' }", Object.keys(ends) as End[], []],
  ["{ onExit: 'leave' }", [], Object.keys(ends) as End[]],
  ['{ parentDeathSignal: null }', [], Object.keys(ends) as End[]],
  ["{ onExit: 'leave', parentDeathSignal: null }", [], Object.keys(ends) as End[]],
  // A crash leaves it, for the next supervisor to find.
  ["{ onExit: 'terminate', parentDeathSignal: null }", orderly, ['kill -9', 'SIGTERM']],
  // It is told, and here it dies of what it is told.
  ["{ onExit: 'leave', parentDeathSignal: 'SIGUSR1' }", Object.keys(ends) as End[], []],
];

describe.each(answers)('spawn with %s', (options, ended, left) => {
  test.each(ended)('is ended by %s', async (end) => {
    await expectFate('ended', options, end);
  });

  test.skipIf(left.length === 0).each(left)('outlives %s', async (end) => {
    await expectFate('left', options, end);
  });
});

describe('a released child', () => {
  const body = 'child.release();';

  test.each(orderly)('outlives %s', async (end) => {
    await expectFate('left', '{ parentDeathSignal: null }', end, { body });
    await expectFate('left', "{ onExit: 'terminate', parentDeathSignal: null }", end, { body });
  });

  test("outlives kill -9 if it was started with onExit 'leave'", async () => {
    await expectFate('left', "{ onExit: 'leave' }", 'kill -9', { body });
  });
});

// run holds its supervisor, so that it has no natural end.
test.each([
  ['{}', 'process.exit', 'ended'],
  ['{}', 'kill -9', 'ended'],
  ["{ onExit: 'leave' }", 'process.exit', 'left'],
  ["{ onExit: 'leave' }", 'an uncaught throw', 'left'],
  ["{ onExit: 'leave' }", 'kill -9', 'left'],
  ["{ onExit: 'leave' }", 'SIGTERM', 'left'],
  // Nobody would have its result: an orderly end takes it along, unless it is told otherwise.
  ['{ parentDeathSignal: null }', 'process.exit', 'ended'],
  ['{ parentDeathSignal: null }', 'kill -9', 'left'],
] as const)('run with %s, by %s: its child is %s', async (options, end, fate) => {
  await expectFate(fate, options, end, { start: RUN });
});

describe('what the kernel is asked for', () => {
  test.each([
    ['{}', {}, 15],
    ["onExit: 'terminate'", { onExit: 'terminate' }, 15],
    ["onExit: 'leave'", { onExit: 'leave' }, 0],
    ["onExit: 'leave' and a signal", { onExit: 'leave', parentDeathSignal: 'SIGHUP' }, 1],
    ["onExit: 'terminate' and null", { onExit: 'terminate', parentDeathSignal: null }, 0],
  ] as const)('with %s', async (_, options, signal) => {
    expect((await probe(options)).parentDeathSignal).toBe(signal);
  });
});
