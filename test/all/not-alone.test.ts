// terminateAll and exitOnSignals, and whoever else is at work then: workers, a second registration, a second
// copy of this library, who starts anew whatever has ended, and who starts something to help.
import { cpSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openJournal, run, terminateAll } from '../../src/index.js';
import { startCat, startReady } from '../children.js';
import { killMarked, makeMark, marked } from '../scopes/marked.js';
import { temporaryDirectory } from '../support/probe.js';
import { ownChildren } from '../support/proc.js';
import { nodeProgram, repository, startProgram } from '../support/program.js';
import { waitFor } from '../support/wait-for.js';

const DEAF = 'trap "" INT TERM HUP; sleep 60 & setsid sleep 60 & echo there; sleep 60; :';
const SHORT = { eofWait: 0, grace: 20 };

// Jobs that nothing but exitOnSignals ends.
const beginning = `
  import { isMainThread, parentPort, Worker } from 'node:worker_threads';
  import { exitOnSignals, run, spawn } from 'reapwell';
  const [mark, script, copy] = process.argv.slice(2);
  const [name, value] = mark.split('=');
  const env = { ...process.env, [name]: value };
  const start = async (spawn) => {
    const stdio = ['ignore', 'pipe', 'ignore'];
    const child = await spawn('/bin/sh', ['-c', script], { env, stdio, scope: 'tree', onExit: 'leave' });
    await new Promise((resolve) => child.stdout.once('data', resolve));
  };
  const short = { eofWait: 0, grace: 50 };
  const long = { eofWait: 0, grace: 600_000 };
`;

async function begin(source: string, jobs: number, ...args: string[]) {
  const mark = makeMark();
  onTestFinished(() => killMarked(mark));
  const program = startProgram(`${beginning}${source}`, { args: [mark, DEAF, ...args] });
  await program.line(/^ready$/);
  expect(marked(mark).length).toBeGreaterThanOrEqual(4 * jobs);
  return { program, mark };
}

async function expectNobody(mark: string): Promise<void> {
  await waitFor(() => marked(mark).length === 0, { what: 'the end of all' });
}

test('what a worker has started is killed when the main thread is done', async () => {
  const { program, mark } = await begin(
    `
    await start(spawn);
    if (isMainThread) {
      exitOnSignals(short);
      const worker = new Worker(new URL(import.meta.url), { argv: process.argv.slice(2) });
      worker.once('message', () => console.log('ready'));
    } else {
      parentPort.postMessage('there');
      setInterval(() => {}, 1000);
    }
  `,
    2,
  );
  process.kill(program.pid, 'SIGTERM');
  expect(await program.ended).toMatchObject({ code: null, signal: 'SIGTERM', stderr: '' });
  await expectNobody(mark);
});

test('called twice, each is done before we end', async () => {
  const source = `
    exitOnSignals(long);
    exitOnSignals({ ...short, signals: ['SIGTERM', 'SIGUSR2'] });
    await start(spawn);
    console.log('ready');
  `;
  for (const signal of ['SIGTERM', 'SIGUSR2'] as const) {
    const { program, mark } = await begin(source, 1);
    process.kill(program.pid, signal);
    expect(await program.ended).toMatchObject({ code: null, signal, stderr: '' });
    await expectNobody(mark);
  }
});

test('of two copies, the one that takes longer still gives its grace period', async () => {
  const folder = temporaryDirectory();
  mkdirSync(join(folder, 'build/Release'), { recursive: true });
  for (const part of ['package.json', 'dist', 'build/Release/reapwell.node']) {
    cpSync(join(repository, part), join(folder, part), { recursive: true });
  }
  symlinkSync(join(repository, 'node_modules'), join(folder, 'node_modules'));
  const { program, mark } = await begin(
    `
    const other = await import(copy);
    exitOnSignals({ ...short, grace: 0 });
    other.exitOnSignals({ eofWait: 0, grace: 20_000 });
    await start(spawn);
    // Says its last words a while after it was asked to end.
    const last = 'trap "sleep 0.3; echo last words >&2; exit" TERM; echo there; while :; do sleep 0.01; done';
    const child = await other.spawn('/bin/sh', ['-c', last], { stdio: ['ignore', 'pipe', 'inherit'] });
    await new Promise((resolve) => child.stdout.once('data', resolve));
    console.log('ready');
  `,
    1,
    join(folder, 'dist/index.js'),
  );
  process.kill(program.pid, 'SIGINT');
  // Behind what the shell says of its sleep.
  const { signal, stderr } = await program.ended;
  expect({ signal, last: stderr.split('\n').at(-2) }).toEqual({
    signal: 'SIGINT',
    last: 'last words',
  });
  await expectNobody(mark);
});

test('who starts anew whatever has ended does not keep us', async () => {
  const { program, mark } = await begin(
    `
    exitOnSignals(short);
    await start(spawn);
    void (async () => { for (;;) await run('/bin/sleep', ['60'], { env, onExit: 'leave' }); })();
    console.log('ready');
  `,
    1,
  );
  process.kill(program.pid, 'SIGTERM');
  expect(await program.ended).toMatchObject({ signal: 'SIGTERM', stderr: '' });
  await expectNobody(mark);
});

test('a second signal of another name kills all at once, and we end by the first', async () => {
  const { program, mark } = await begin(
    `
    exitOnSignals(long);
    process.on('SIGINT', () => console.log('heard'));
    await start(spawn);
    console.log('ready');
  `,
    1,
  );
  process.kill(program.pid, 'SIGINT');
  await program.line(/^heard$/);
  process.kill(program.pid, 'SIGTERM');
  expect(await program.ended).toMatchObject({ signal: 'SIGINT', stderr: '' });
  await expectNobody(mark);
});

test('an escalation may start a program that helps; what still runs afterwards is ended', async () => {
  const { child } = await startReady(['--ignore=TERM']);
  let helper: string | undefined;
  let late: Promise<string> | undefined;
  const help = async (): Promise<void> => {
    // The late one's escalation comes here too, when nothing may start any more.
    helper ??= (await run('/bin/echo', ['helped'])).status;
    late ??= run('/bin/sleep', ['60']).then(({ status }) => status);
  };
  const [first] = await terminateAll({
    escalation: [
      { action: help, wait: 1000 },
      { signal: 'SIGKILL', wait: 5000 },
    ],
  });
  expect(first?.identity.pid).toBe(child.pid);
  expect(helper).toBe('completed');
  expect(await late).toBe('terminated');
  expect(ownChildren()).toEqual([]);
});

test('a start that waits for its record is called off, and the record closed', async () => {
  await using journal = await openJournal(temporaryDirectory());
  const job = run('/bin/sleep', ['60'], { journal, id: 'job' });
  await terminateAll(SHORT);
  expect(await job).toMatchObject({ status: 'terminated', error: { name: 'AbortError' } });
  expect(journal.entries()).toMatchObject([{ id: 'job', status: 'terminated' }]);
  expect(ownChildren()).toEqual([]);
});

test("children that are unref'd don't let the program end before it resolves", async () => {
  const { code, stdout } = await nodeProgram(`
    import { spawn, terminateAll } from 'reapwell';
    const script = 'trap "" TERM; echo there; while :; do sleep 60; done';
    const child = await spawn('/bin/sh', ['-c', script], { stdio: ['ignore', 'pipe', 'ignore'] });
    await new Promise((resolve) => child.stdout.once('data', resolve));
    child.unref();
    const [{ method, identity }] = await terminateAll({ grace: 50 });
    console.log(method, identity.pid === child.pid);
  `);
  expect({ code, stdout }).toEqual({ code: 0, stdout: 'sigkill true\n' });
});

test('two calls at once end the same, once', async () => {
  const child = await startCat();
  const [one, two] = await Promise.all([terminateAll(), terminateAll()]);
  expect(one).toEqual(two);
  expect(one.map(({ identity }) => identity.pid)).toEqual([child.pid]);
});
