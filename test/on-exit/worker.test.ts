// A worker's end is an end like the process's own: what it has started is ended, or left, as `onExit`
// says. Nothing of JavaScript runs in one that is terminated, so that nothing else would end its jobs,
// and no timeout of theirs would ever fire.
import { describe, expect, onTestFinished, test } from 'vitest';
import { killMarked, makeMark, marked } from '../scopes/marked.js';
import { temporaryDirectory } from '../support/probe.js';
import { startProgram } from '../support/program.js';
import { waitFor } from '../support/wait-for.js';

const ENDINGS = ['terminate', 'exit', 'throw', 'main exits'] as const;
type Ending = (typeof ENDINGS)[number] | 'natural end';

const IN_GROUP = 'sleep 60 & sleep 60 &';
const ESCAPED = 'sleep 60 & setsid sleep 60 &';

async function endWorker(
  ending: Ending,
  how: 'run' | 'spawn',
  options: Record<string, unknown> = {},
  members = IN_GROUP,
) {
  const mark = makeMark();
  onTestFinished(() => killMarked(mark));
  const folder = temporaryDirectory();
  // The leader and its members ignore what can be ignored.
  const script = `trap "" TERM HUP INT; ${members} echo > ${folder}/there; sleep 60; :`;
  const program = startProgram("import '../../fixtures/ending-worker.mjs';", {
    args: [ending, how, mark, folder, script, JSON.stringify(options)],
  });
  const ended = ending === 'main exits' ? await program.ended : undefined;
  return {
    program,
    mark,
    ended: ended ?? (JSON.parse((await program.line(/^ended /)).slice(6)) as number[]),
  };
}

async function expectNobody(mark: string): Promise<void> {
  // SIGKILL was sent before the worker ended; the kernel may be a moment behind.
  await waitFor(() => marked(mark).length === 0, { what: 'the end of all' });
}

describe.each(ENDINGS)('by %s', (ending) => {
  test.each(['run', 'spawn'] as const)('what %s started is ended', async (how) => {
    const { mark, program } = await endWorker(ending, how, { onExit: 'terminate' });
    await expectNobody(mark);
    if (ending !== 'main exits') await program.line(/^reaped true$/);
    expect(await program.ended).toMatchObject({ code: 0, signal: null, stderr: '' });
  });

  test("with onExit 'leave' it is left, and reaped when it ends", async () => {
    const { mark, program, ended } = await endWorker(ending, 'run', { onExit: 'leave' });
    expect(marked(mark).length).toBeGreaterThanOrEqual(3);
    if (ending === 'main exits') return;
    expect(ended).toHaveLength(1);
    await program.line(/^reaped true$/);
  });

  test('what was released is left', async () => {
    const options = { onExit: 'terminate', released: true };
    const { mark } = await endWorker(ending, 'spawn', options);
    expect(marked(mark).length).toBeGreaterThanOrEqual(3);
  });
});

test("by its natural end, what is unref'd is ended", async () => {
  const { mark, program } = await endWorker('natural end', 'spawn', { onExit: 'terminate' });
  await expectNobody(mark);
  await program.line(/^reaped true$/);
});

test('by default, both are ended', async () => {
  for (const how of ['run', 'spawn'] as const) {
    const { mark } = await endWorker('terminate', how, { parentDeathSignal: 'SIGTERM' });
    await expectNobody(mark);
  }
});

describe.each(['terminate', 'exit'] as const)('by %s, the whole scope', (ending) => {
  test.each([
    ['leader', 'exec'],
    ['group', IN_GROUP],
    ['session', IN_GROUP],
    ['tree', ESCAPED],
    [['cgroup', 'tree'], ESCAPED],
  ])('%s is ended', async (scope, members) => {
    const { mark, program } = await endWorker(
      ending,
      'run',
      { scope },
      members === 'exec' ? '' : members,
    );
    await program.line(/^reaped true$/);
    if (members !== 'exec') return expectNobody(mark);
    // Of its scope is the shell alone, and not the program that it waits for.
    await waitFor(() => marked(mark).every(({ command }) => command === 'sleep'));
  });
});

test('what a journal knows of is ended, and recovered as gone', async () => {
  const { mark, program } = await endWorker('terminate', 'run', { journalled: true });
  await expectNobody(mark);
  await program.line(/^recovered \["gone"\]$/);
  await program.line(/^reaped true$/);
});

// Whatever it is at: starting jobs, being told of them, ending some by itself.
test.each(['group', 'tree'])(
  "fifty workers that are terminated in the middle of it leave nothing, scope '%s'",
  { timeout: 120_000 },
  async (scope) => {
    const mark = makeMark();
    onTestFinished(() => killMarked(mark));
    const program = startProgram(
      `
      import { Worker, isMainThread } from 'node:worker_threads';
      import { capabilities, run, spawn } from 'reapwell';
      import { children, until } from '../../support/inside.mjs';
      const [mark, scope, script] = process.argv.slice(2);
      const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
      if (isMainThread) {
        let isGone = true;
        for (let round = 0; round < 50; round++) {
          const worker = new Worker(new URL(import.meta.url), { argv: process.argv.slice(2) });
          await new Promise((resolve) => worker.once('online', resolve));
          await sleep(round % 3 === 0 ? 60 : 30 + 2 * round);
          await worker.terminate();
          isGone &&= await until(() => children().length === 0);
        }
        console.log('gone ' + isGone + ' ' + capabilities().liveChildren);
      } else {
        const [name, value] = mark.split('=');
        const options = {
          env: { ...process.env, [name]: value }, stdio: 'ignore', parentDeathSignal: null, scope,
          eofWait: 0, grace: 5, onExit: 'terminate',
        };
        const job = ['/bin/sh', ['-c', script], options];
        const lane = async (work) => { for (;;) await work(); };
        void lane(() => run(...job.slice(0, 2), { ...options, timeout: 10 }));
        void lane(async () => { await spawn(...job); await sleep(5); });
        void lane(async () => (await spawn(...job)).terminate());
      }
    `,
      { args: [mark, scope, `trap "" TERM HUP; ${scope === 'tree' ? ESCAPED : IN_GROUP} wait`] },
    );
    const { stdout, ...ended } = await program.ended;
    expect(ended).toMatchObject({ code: 0, signal: null, stderr: '' });
    expect(stdout).toBe('gone true 0\n');
    await expectNobody(mark);
  },
);
