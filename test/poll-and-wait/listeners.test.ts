// However many children share it, there is one listener of ours on what is not ours, and none afterwards.
import { getEventListeners } from 'node:events';
import { expect, test } from 'vitest';
import { run, spawn } from '../../src/index.js';
import { startCat } from '../children.js';
import { nodeProgram } from '../support/program.js';

const listeners = (signal: AbortSignal): number => getEventListeners(signal, 'abort').length;

test('an AbortSignal that eleven jobs and a hundred waits share has one', async () => {
  const controller = new AbortController();
  const { signal } = controller;
  const jobs = Array.from({ length: 11 }, () => run('/bin/sleep', ['60'], { signal }));
  const child = await startCat({ signal });
  const waits = Array.from({ length: 100 }, () => child.wait({ signal }).catch(() => 'aborted'));
  expect(listeners(signal)).toBe(1);
  controller.abort();
  expect(new Set(await Promise.all(waits))).toEqual(new Set(['aborted']));
  const completions = await Promise.all(jobs);
  expect(new Set(completions.map(({ status }) => status))).toEqual(new Set(['terminated']));
  await child.exited;
  expect(listeners(signal)).toBe(0);
});

test('an AbortSignal is let go of by the last child that ends, and taken up by the next', async () => {
  const { signal } = new AbortController();
  const [first, second] = [await startCat({ signal }), await startCat({ signal })];
  first.stdin?.end();
  await first.empty;
  expect(listeners(signal)).toBe(1);
  second.stdin?.end();
  await second.empty;
  expect(listeners(signal)).toBe(0);
  await run('/bin/true', [], { signal });
  expect(listeners(signal)).toBe(0);
  const third = await startCat({ signal });
  expect(listeners(signal)).toBe(1);
  third.release();
  expect(listeners(signal)).toBe(0);
  third.stdin?.end();
});

test('an AbortSignal that fires ends every one, also when one of them lets go of it then', async () => {
  const controller = new AbortController();
  const { signal } = controller;
  const children = await Promise.all(
    Array.from({ length: 12 }, () => spawn('/bin/sleep', ['60'], { signal, stdio: 'ignore' })),
  );
  const exits = Promise.all(children.map((child) => child.exited));
  signal.addEventListener('abort', () => children[5]?.kill('SIGKILL'));
  controller.abort();
  const deaths = (await exits).map((exit) => exit.signal);
  deaths.splice(5, 1);
  expect(new Set(deaths)).toEqual(new Set(['SIGTERM']));
});

test('nothing warns of listeners', async () => {
  const program = `
    import { run } from 'reapwell';
    process.on('warning', (warning) => console.log(warning.message));
    const controller = new AbortController();
    const options = { signal: controller.signal };
    const jobs = Array.from({ length: 30 }, () => run('/bin/sleep', ['60'], options));
    setTimeout(() => controller.abort(), 50);
    console.log((await Promise.all(jobs)).length);
  `;
  const { stdout, stderr } = await nodeProgram(program);
  expect({ stdout, stderr }).toEqual({ stdout: '30\n', stderr: '' });
});

test('a wait that ended early leaves nothing at a child that lives on', async () => {
  const program = `
    import { spawn } from 'reapwell';
    const child = await spawn('/bin/cat', [], { stdio: ['pipe', 'ignore', 'ignore'] });
    const wait = async (count) => {
      for (let i = 0; i < count; i++) {
        const controller = new AbortController();
        const waiting = child.wait({ signal: controller.signal }).catch(() => {});
        controller.abort();
        await waiting;
      }
      gc();
      return process.memoryUsage().heapUsed;
    };
    const before = await wait(1000);
    console.log((await wait(20_000)) - before < 4_000_000);
    child.stdin.end();
    console.log((await child.wait()).code, (await child.wait({ timeout: 20_000 })).code);
  `;
  const { stdout, stderr } = await nodeProgram(program, { nodeArgs: ['--expose-gc'] });
  expect({ stdout, stderr }).toEqual({ stdout: 'true\n0 0\n', stderr: '' });
});
