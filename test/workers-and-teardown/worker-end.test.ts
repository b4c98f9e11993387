// A worker can be ended at any moment. Its children are reaped all the same, and the process lives on.
import { describe, expect, test } from 'vitest';
import { fixture } from '../support/fixture.js';
import { nodeProgram } from '../support/program.js';

const moments = [
  ['at-once', 'as soon as it has been started', 10],
  ['spawning', 'while it starts children', 20],
  ['any', 'at any time from 0 to 40 ms after its start', 20],
  ['living', 'while it has live children', 8],
  ['pending', 'while the exits of its children are on their way', 20],
  ['escalating', 'while it ends a child', 5],
  ['leaving', 'by itself, with a child left', 10],
] as const;

describe('a worker that is ended', () => {
  test.each(moments)(
    '(%s) %s: no crash, no zombie',
    { timeout: 60_000 },
    async (...[moment, , rounds]) => {
      const ended = await nodeProgram("import '../../fixtures/dying-workers.mjs';", {
        args: [moment, `${rounds}`, fixture('exit-now')],
      });
      expect(ended).toMatchObject({ code: 0, signal: null, stderr: '' });
      expect(JSON.parse(ended.stdout)).toEqual({ left: [], live: 0, status: 'completed' });
    },
  );
});

test('the addon survives the end of the only worker that loaded it', async () => {
  const ended = await nodeProgram(
    `
      import { spawn as spawnNode } from 'node:child_process';
      import { Worker, isMainThread } from 'node:worker_threads';
      if (isMainThread) {
        for (let round = 0; round < 5; round++) {
          const worker = new Worker(new URL(import.meta.url), { argv: process.argv.slice(2) });
          const code = await new Promise((resolve) => worker.once('exit', resolve));
          if (code !== 0) throw new Error('exit code ' + code);
          // The threads of the addon are still at work: there are signals to be relayed, and a child
          // that it has yet to reap.
          for (let i = 0; i < 20; i++) {
            await new Promise((resolve) => spawnNode('/bin/true').once('exit', resolve));
          }
        }
        console.log('done');
      } else {
        const { run, spawn } = await import('reapwell');
        await run(process.argv[2]);
        (await spawn('/bin/sleep', ['0.05'], { stdio: 'ignore' })).unref();
      }
    `,
    { args: [fixture('exit-now')] },
  );
  expect(ended).toMatchObject({ code: 0, signal: null, stdout: 'done\n', stderr: '' });
});

test('main and several workers each get the exits of their own children', async () => {
  const ended = await nodeProgram(
    `
      import { Worker, isMainThread, threadId } from 'node:worker_threads';
      import { spawn } from 'reapwell';
      const workers = isMainThread
        ? [1, 2, 3].map(() => new Worker(new URL(import.meta.url), { argv: process.argv.slice(2) }))
        : [];
      const ends = workers.map((worker) => new Promise((resolve) => worker.once('exit', resolve)));
      for (let i = 0; i < 100; i++) {
        const code = (threadId * 50 + i) % 256;
        const children = await Promise.all(
          [1, 2].map(() => spawn(process.argv[2], ['code', String(code)], { stdio: 'ignore' })),
        );
        for (const child of children) {
          const exit = await child.exited;
          if (exit.code !== code || !exit.known) throw new Error(JSON.stringify(exit));
        }
      }
      for (const code of await Promise.all(ends)) {
        if (code !== 0) throw new Error('a worker ended with ' + code);
      }
      if (isMainThread) console.log('done');
    `,
    { args: [fixture('exit-with')] },
  );
  expect(ended).toMatchObject({ code: 0, signal: null, stdout: 'done\n', stderr: '' });
});

test('pipes that nobody has read or written end with their worker', async () => {
  const ended = await nodeProgram(
    `
      import { setTimeout } from 'node:timers/promises';
      import { Worker, isMainThread, parentPort } from 'node:worker_threads';
      import { descriptors } from '../../support/inside.mjs';
      const pipes = () => descriptors().filter((each) => / (pipe|socket):/.test(each)).length;
      if (isMainThread) {
        // Started by the main thread too, so that the addon's own descriptors are there already.
        await (await import('reapwell')).run('/bin/true');
        const worker = new Worker(new URL(import.meta.url));
        await new Promise((resolve) => worker.once('message', resolve));
        const living = pipes();
        await worker.terminate();
        const deadline = performance.now() + 10_000;
        while (pipes() > living - 20 && performance.now() < deadline) await setTimeout(5);
        console.log(JSON.stringify({ ended: living - pipes() }));
      } else {
        const { spawn } = await import('reapwell');
        const stdio = ['pipe', 'pipe', 'pipe', 'pipe'];
        globalThis.children = await Promise.all(
          Array.from({ length: 5 }, () => spawn('/bin/sleep', ['60'], { stdio })),
        );
        parentPort.postMessage('started');
        globalThis.idle = setInterval(() => undefined, 1000);
      }
    `,
  );
  expect(ended).toMatchObject({ code: 0, stderr: '' });
  expect((JSON.parse(ended.stdout) as { ended: number }).ended).toBeGreaterThanOrEqual(20);
});
