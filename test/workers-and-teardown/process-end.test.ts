// The process may end at any moment, in any way: it neither hangs nor crashes, and by default it takes
// its children along.
import { describe, expect, test } from 'vitest';
import { isAlive } from '../support/proc.js';
import { nodeProgram } from '../support/program.js';
import { waitFor } from '../support/wait-for.js';

// Children live, another ends just now, some are on their way: whatever ends the process meets all.
const busy = `
  import { writeSync } from 'node:fs';
  import { spawn } from 'reapwell';
  const living = await Promise.all([
    spawn('/bin/sleep', ['60'], { stdio: 'ignore' }),
    spawn('/bin/cat'),
  ]);
  writeSync(1, living.map((child) => child.pid).join() + '\\n');
  const ending = await spawn('/bin/cat', [], { stdio: ['pipe', 'ignore', 'ignore'] });
  ending.kill('SIGKILL');
  for (let i = 0; i < 5; i++) spawn('/bin/true').catch(() => undefined);
`;

const ends: [name: string, source: string, code: number | null, signal: string | null][] = [
  ['process.exit', `process.exit(3);`, 3, null],
  ['process.exit in an event', `ending.on('exit', () => process.exit(4));`, 4, null],
  ['process.exit in a later turn', `setImmediate(() => process.exit(5));`, 5, null],
  ['an uncaught throw', `throw new Error('thrown');`, 1, null],
  [
    'an uncaught throw in an event',
    `ending.on('exit', () => { throw new Error('thrown'); });`,
    1,
    null,
  ],
  ['an unhandled rejection', `Promise.reject(new Error('rejected'));`, 1, null],
  [
    'SIGTERM',
    `process.kill(process.pid, 'SIGTERM'); setInterval(() => {}, 1000);`,
    null,
    'SIGTERM',
  ],
  ['SIGKILL', `process.kill(process.pid, 'SIGKILL');`, null, 'SIGKILL'],
  ['an escalation under way', `void living[0].terminate(); process.exit(6);`, 6, null],
  ['nothing left to wait for', `for (const child of living) child.unref();`, 0, null],
];

describe('a process that ends by', () => {
  test.each(ends)('%s', async (_name, source, code, signal) => {
    for (let round = 0; round < 3; round++) {
      const ended = await nodeProgram(busy + source);
      expect(ended).toMatchObject({ code, signal });
      expect(ended.stderr).not.toMatch(/FATAL|Assertion|Segmentation/);
      const pids = ended.stdout.trim().split(',').map(Number);
      expect(pids).toHaveLength(2);
      await waitFor(() => !pids.some(isAlive), { what: 'the end of its children' });
    }
  });
});

test('an abort in the middle of spawns kills no more than itself', async () => {
  const ended = await nodeProgram(`${busy} process.abort();`);
  expect(ended).toMatchObject({ code: null, signal: 'SIGABRT' });
});

test('a worker that calls process.exit ends alone', async () => {
  const ended = await nodeProgram(`
    import { Worker, isMainThread } from 'node:worker_threads';
    import { run, spawn } from 'reapwell';
    if (isMainThread) {
      for (let round = 0; round < 10; round++) {
        const worker = new Worker(new URL(import.meta.url));
        const code = await new Promise((resolve) => worker.once('exit', resolve));
        if (code !== 7) throw new Error('exit code ' + code);
      }
      console.log((await run('/bin/echo', ['still here'])).stdout);
    } else {
      const child = await spawn('/bin/cat');
      child.on('exit', () => process.exit(7));
      child.kill('SIGKILL');
    }
  `);
  expect(ended).toMatchObject({ code: 0, stdout: 'still here\n\n', stderr: '' });
});
