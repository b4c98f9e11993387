// In which async context the callbacks of a child run: that of its start, as node:child_process has it, or
// that in which the function was handed over. Who started another child, or fired a signal, is a stranger.
import { expect, test } from 'vitest';
import { jsonProgram } from '../support/program.js';

const ofTheStart = [
  ...['stop', 'continue', 'exit', 'empty', 'exit at once', 'empty at once'],
  ...['exit of an attached one', 'exit of a recorded one'],
  ...['stdout data', 'stdout end', 'stdout close'],
  ...['action at a timeout', 'action at an abort', 'action of the start', 'onProgress'],
  ...['channel spawn', 'channel exit', 'channel stop', 'channel continue', 'channel run'],
  ...['channel terminate:step', 'channel terminate'],
];
const ofTheCall = [
  ...['exited', 'await empty', 'wait', 'terminate', 'changes', 'changes are over'],
  ...['lines', 'lines are over', 'run', 'failed spawn', 'action of a terminate()'],
];

const all = (names: string[], context: string) => names.map((name) => [name, context] as const);
const expected = Object.fromEntries([
  ...all(ofTheStart, 'A'),
  ...all(ofTheCall, 'B'),
  ['write', 'D'],
]);

test('each callback runs in the context of its start, or of the call that handed it over', async () => {
  expect(await jsonProgram("import '../../fixtures/contexts.mjs';")).toEqual(expected);
});

test('in a worker as well', async () => {
  const source = `
    import { Worker, isMainThread } from 'node:worker_threads';
    if (isMainThread) new Worker(new URL(import.meta.url));
    else await import('../../fixtures/contexts.mjs');`;
  expect(await jsonProgram(source)).toEqual(expected);
});
