// What becomes of children when the program that started them ends by itself. With a group of their
// own and no parent-death signal, nothing but onExit ends them (one-answer.test.ts has both).
import { describe, expect, onTestFinished, test } from 'vitest';
import { killMarked, makeMark, marked } from '../scopes/marked.js';
import { nodeProgram } from '../support/program.js';
import { temporaryDirectory } from '../support/probe.js';
import { isAlive } from '../support/proc.js';
import { waitFor } from '../support/wait-for.js';

const ends: [string, string, number][] = [
  ['process.exit', 'process.exit(3);', 3],
  ['an uncaught throw', "setImmediate(() => { throw new Error('meant'); });", 1],
  ['its natural end', 'child?.unref();', 0],
];

// The leader and one member, which ignore what can be ignored.
const job = `'/bin/sh', ['-c', 'trap "" TERM HUP; sleep 60 & echo $$ $!; wait'], {
  stdio: ['ignore', 'pipe', 'ignore'], parentDeathSignal: null, `;

async function pidsOf(start: string, end: string, code: number): Promise<number[]> {
  const { stdout, stderr, ...result } = await nodeProgram(
    `
    import { run, spawn } from 'reapwell';
    import { writeSync } from 'node:fs';
    import { once } from 'node:events';
    let child;
    ${start}
    ${end}
  `,
    { args: [temporaryDirectory()] },
  );
  const pids = stdout.trim().split(' ').map(Number);
  onTestFinished(() => {
    for (const pid of pids.filter((each) => each > 1 && isAlive(each)))
      process.kill(pid, 'SIGKILL');
  });
  expect(pids, stderr).toHaveLength(2);
  expect({ code: result.code, signal: result.signal }, stderr).toEqual({ code, signal: null });
  return pids;
}

const spawned = (options: string) => `
  child = await spawn(${job} ${options} });
  writeSync(1, (await once(child.stdout, 'data'))[0]);
`;

describe.each(ends)('by %s', (_, end, code) => {
  test("spawn's children live on if only the parent-death signal was taken out", async () => {
    const pids = await pidsOf(spawned(''), end, code);
    expect(pids.filter(isAlive)).toEqual(pids);
  });

  test.each(['group', 'tree'])(
    "spawn's with onExit 'terminate' are ended, scope '%s'",
    async (scope) => {
      const pids = await pidsOf(spawned(`onExit: 'terminate', scope: '${scope}'`), end, code);
      await waitFor(() => pids.filter(isAlive).length === 0, { what: 'the end of both' });
    },
  );

  test('those that were released live on', async () => {
    const start = `${spawned("onExit: 'terminate'")}; child.release();`;
    const pids = await pidsOf(start, end, code);
    expect(pids.filter(isAlive)).toEqual(pids);
  });
});

// run's promise keeps the program alive, so that it has no natural end.
describe.each(ends.slice(0, 2))('run, by %s', (_, end, code) => {
  // It writes to our own standard output, which the member must not hold: it goes to a file of its own.
  const running = (options: string) => `
    import { readFileSync } from 'node:fs';
    const file = process.argv[2] + '/pids';
    void run(${job.replace("'pipe'", '{ file }')} ${options} });
    while (!/\\n/.test((() => { try { return readFileSync(file, 'utf8'); } catch { return ''; } })())) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    writeSync(1, readFileSync(file));
  `;

  test('its children are ended by default', async () => {
    const pids = await pidsOf(running(''), end, code);
    await waitFor(() => pids.filter(isAlive).length === 0, { what: 'the end of both' });
  });

  test("and live on with onExit 'leave'", async () => {
    const pids = await pidsOf(running("onExit: 'leave'"), end, code);
    expect(pids.filter(isAlive)).toEqual(pids);
  });
});

// The program ends while its runs are being started: nobody has been told of their children yet.
describe('the children of runs that are being started', () => {
  const untold = async (delay: number, options: string): Promise<string> => {
    const mark = makeMark();
    onTestFinished(() => killMarked(mark));
    const { code, stderr } = await nodeProgram(
      `
      import { run } from 'reapwell';
      await run('/bin/true');
      const [name, value] = process.argv[2].split('=');
      const env = { ...process.env, [name]: value };
      for (let i = 0; i < 20; i++) {
        void run('/bin/sleep', ['60'], { env, stdio: 'ignore', parentDeathSignal: null, ${options} });
      }
      const end = performance.now() + ${delay};
      while (performance.now() < end);
      process.exit(0);
    `,
      { args: [mark] },
    );
    expect(code, stderr).toBe(0);
    return mark;
  };

  test.each([0, 1, 3, 10])('are ended as well, %i ms after the calls', async (delay) => {
    const mark = await untold(delay, '');
    await waitFor(() => marked(mark).length === 0, { what: 'the end of all' });
  });

  test("live on with onExit 'leave'", async () => {
    const mark = await untold(10, "onExit: 'leave'");
    expect(marked(mark).length).toBeGreaterThan(0);
  });
});
