// A child is told when its supervisor dies, however that dies; or not, if that was asked for.
import { existsSync } from 'node:fs';
import { describe, expect, onTestFinished, test } from 'vitest';
import { fixture } from '../support/fixture.js';
import { probe, temporaryDirectory } from '../support/probe.js';
import { isAlive, readStat } from '../support/proc.js';
import { startProgram } from '../support/program.js';
import { waitFor } from '../support/wait-for.js';

const isRoot = process.getuid?.() === 0;

describe('the child asks the kernel for', () => {
  test.each([
    ['SIGTERM by default', {}, 15],
    ['SIGTERM for undefined', { parentDeathSignal: undefined }, 15],
    ['another signal', { parentDeathSignal: 'SIGUSR1' }, 10],
    ['nothing', { parentDeathSignal: null }, 0],
  ] as const)('%s', async (_, options, signal) => {
    expect((await probe(options)).parentDeathSignal).toBe(signal);
  });

  test.skipIf(!isRoot)('it as another user too, which clears what was asked before', async () => {
    const seen = await probe({ uid: 65534, gid: 65534, groups: [], parentDeathSignal: 'SIGHUP' });
    expect(seen.parentDeathSignal).toBe(1);
  });
});

// A supervisor that starts one child and tells of it, then waits for its end.
const supervisor = (options: string, body = '') => `
  import { spawn } from 'reapwell';
  const [file, ...args] = process.argv.slice(2);
  const child = await spawn(file, args, { stdio: ['ignore', 'pipe', 'inherit'], ...${options} });
  await new Promise((resolve) => child.stdout.once('data', resolve));
  console.log('child ' + child.pid);
  ${body}
  setInterval(() => {}, 1000);
`;

async function supervise(options: string, args: string[], body?: string) {
  const program = startProgram(supervisor(options, body), { args });
  const pid = Number((await program.line(/^child /)).split(' ')[1]);
  const command = readStat(pid)?.command; // undefined: it has gone with its supervisor already
  onTestFinished(() => {
    // An orphan by now, so nobody holds its number for us: at least its name must be the same.
    if (command !== undefined && isAlive(pid) && readStat(pid)?.command === command)
      process.kill(pid, 'SIGKILL');
  });
  return { program, pid };
}

describe('kill -9 of the supervisor', () => {
  test('ends its child', async () => {
    const { program, pid } = await supervise('{}', [fixture('ready')]);
    expect(isAlive(pid)).toBe(true);
    process.kill(program.pid, 'SIGKILL');
    await program.ended;
    await waitFor(() => !isAlive(pid), { what: 'the child ended' });
  });

  test('ends all of its children, whichever thread started them', async () => {
    const source = `
      import { spawn } from 'reapwell';
      const start = () => spawn(process.argv[2], [], { stdio: 'ignore' });
      const children = await Promise.all(Array.from({ length: 30 }, start));
      console.log('children ' + children.map(({ pid }) => pid).join(' '));
      setInterval(() => {}, 1000);
    `;
    const program = startProgram(source, { args: [fixture('ready')] });
    const pids = (await program.line(/^children /)).split(' ').slice(1).map(Number);
    expect(pids.filter(isAlive)).toHaveLength(30);
    process.kill(program.pid, 'SIGKILL');
    await program.ended;
    await waitFor(() => pids.filter(isAlive).length === 0, { what: 'the children ended' });
  });

  test('sends the signal that was asked for', async () => {
    const proof = `${temporaryDirectory()}/proof`;
    const script = `trap 'echo told > ${proof}; exit' USR2; echo ready; while :; do sleep 0.1; done`;
    const { program, pid } = await supervise(`{ parentDeathSignal: 'SIGUSR2' }`, [
      '/bin/sh',
      '-c',
      script,
    ]);
    process.kill(program.pid, 'SIGKILL');
    await program.ended;
    await waitFor(() => existsSync(proof), { what: 'the trap ran' });
    await waitFor(() => !isAlive(pid), { what: 'the child ended' });
  });

  test('leaves a child alone that was started with null', async () => {
    // A second child, started after it, shows when the kernel has told those who wanted to know.
    const { program, pid } = await supervise(
      '{ parentDeathSignal: null }',
      [fixture('ready')],
      `const other = await spawn(file, [], { stdio: 'ignore' });
       console.log('other ' + other.pid);`,
    );
    const other = Number((await program.line(/^other /)).split(' ')[1]);
    process.kill(program.pid, 'SIGKILL');
    await waitFor(() => !isAlive(other), { what: 'the other child ended' });
    expect(isAlive(pid)).toBe(true);
  });
});

describe('what is not the supervisor’s death', () => {
  test('the end of the worker that started the child', async () => {
    // The signal follows the thread that forked; a worker's own thread must not be that.
    const source = `
      import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
      import { spawn } from 'reapwell';
      if (isMainThread) {
        const worker = new Worker(new URL(import.meta.url), { workerData: process.argv[2] });
        const pid = await new Promise((resolve, reject) => {
          worker.once('message', resolve).once('error', reject);
        });
        console.log('child ' + pid);
        await worker.terminate();
        // Others come and go meanwhile, so that a signal would have had its time.
        for (let i = 0; i < 20; i++) await (await spawn('/bin/true', [], { stdio: 'ignore' })).exited;
        console.log('terminated');
        setInterval(() => {}, 1000);
      } else {
        const child = await spawn(workerData, [], {
          stdio: ['ignore', 'ignore', 'inherit'], onExit: 'leave', parentDeathSignal: 'SIGTERM',
        });
        parentPort.postMessage(child.pid);
        setInterval(() => {}, 1000);
      }
    `;
    const program = startProgram(source, { args: [fixture('ready')] });
    const pid = Number((await program.line(/^child /)).split(' ')[1]);
    await program.line(/^terminated$/);
    expect(isAlive(pid)).toBe(true);
    process.kill(program.pid, 'SIGKILL');
    await waitFor(() => !isAlive(pid), { what: 'the child ended with the process' });
  });

  test('an idle time between spawns', async () => {
    const { program, pid } = await supervise(
      '{}',
      [fixture('ready')],
      `
      for (let i = 0; i < 20; i++) await (await spawn('/bin/true', [], { stdio: 'ignore' })).exited;
      await new Promise((resolve) => setTimeout(resolve, 300));
      console.log('idle');`,
    );
    await program.line(/^idle$/);
    expect(isAlive(pid)).toBe(true);
  });
});

test('the supervisor’s ordinary exit ends it too', async () => {
  const { program, pid } = await supervise('{}', [fixture('ready')], 'process.exit(3);');
  expect(await program.ended).toMatchObject({ code: 3, stderr: '' });
  await waitFor(() => !isAlive(pid), { what: 'the child ended' });
});
