// The environment that a child gets when none is named: ours, as it is at that moment.
import { expect, onTestFinished, test } from 'vitest';
import { run } from '../../src/index.js';
import { jsonProgram } from '../support/program.js';

const variables = `
  import { run } from 'reapwell';
  const seen = async (...args) => (await run('env', ['-0'], ...args)).stdout.split('\\0').sort();
`;

test('what process.env has, names and values that are odd included', async () => {
  const env = { A: '', 'B C': 'x=y', D: 'line\nline', PATH: process.env['PATH'] };
  const seen = await jsonProgram<string[]>(
    `${variables}
      process.env.LATE = 'ä';
      delete process.env.D;
      console.log(JSON.stringify(await seen()));`,
    { under: ['env', '-i', ...Object.entries(env).map(([name, value]) => `${name}=${value}`)] },
  );
  const other = /^(REAPWELL_|PWD=|OLDPWD=|_=|SHLVL=|$)/;
  expect(seen.filter((entry) => !other.test(entry))).toEqual([
    'A=',
    'B C=x=y',
    'LATE=ä',
    `PATH=${process.env['PATH']}`,
  ]);
});

test('a value that is no UTF-8 arrives byte for byte', async () => {
  const { output } = await jsonProgram<{ output: string }>(
    `${variables}
      const { stdout } = await run('printenv', ['BYTES'], { encoding: 'buffer' });
      console.log(JSON.stringify({ output: stdout.toString('latin1') }));`,
    { under: ['sh', '-c', 'export BYTES="$(printf "a\\\\377b")"; exec "$@"', 'sh'] },
  );
  expect(output).toBe('a\xffb\n');
});

test('an object that a program has put in place of process.env counts', async () => {
  const real = process.env;
  onTestFinished(() => {
    process.env = real;
  });
  process.env = { ONLY: 'this', PATH: real['PATH'] };
  expect((await run('env')).stdout.split('\n').sort()).toEqual([
    '',
    'ONLY=this',
    `PATH=${real['PATH']}`,
  ]);
});

test("a worker's children get the worker's environment", async () => {
  const seen = await jsonProgram<{ worker: string; main: string }>(
    `${variables}
      import { isMainThread, parentPort, Worker } from 'node:worker_threads';
      import { once } from 'node:events';
      if (isMainThread) {
        const worker = new Worker(new URL(import.meta.url));
        const [inWorker] = await once(worker, 'message');
        console.log(JSON.stringify({ worker: inWorker, main: String((await seen()).includes('WHERE=worker')) }));
      } else {
        process.env.WHERE = 'worker';
        parentPort.postMessage((await run('printenv', ['WHERE'])).stdout);
      }`,
  );
  expect(seen).toEqual({ worker: 'worker\n', main: 'false' });
});
