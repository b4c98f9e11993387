// The environment that a child gets when none is named: ours, as it is at that moment.
import { spawnSync } from 'node:child_process';
import { runInNewContext } from 'node:vm';
import { expect, onTestFinished, test } from 'vitest';
import { run, spawn } from '../../src/index.js';
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

test('inherited entries count, and what is no string is made one, as with Node', async () => {
  class Variables {
    [name: string]: unknown;
    OWN = 'own';
    get accessor(): string {
      return 'not enumerable';
    }
  }
  const environments: object[] = [
    Object.create({ A: '1', B: 2 }) as object,
    Object.assign(Object.create({ A: 'below', B: 'kept' }) as object, { A: 'above' }),
    Object.create({ A: 'hidden' }, { A: { value: undefined, enumerable: true } }) as object,
    Object.create({ A: 'hidden' }, { A: { value: 'x', enumerable: false } }) as object,
    { a: 1, b: true, c: false, d: null, e: undefined, f: 10n, g: -0, h: NaN, i: 1e21, j: '' },
    { a: {}, b: [1, 2], c: new URL('file:///x'), d: new Date(NaN), e: new String('s') },
    { a: { toString: () => 'by hand' }, b: { [Symbol.toPrimitive]: (hint: string) => hint } },
    { a: { toString: () => ({}), valueOf: () => 7 } },
    { [Symbol('ignored')]: 'x', b: '2' },
    new Variables(),
    runInNewContext('({ other: "realm", nested: new String("x") })') as object,
    new Proxy({ A: 'through a proxy' }, {}),
  ];
  for (const env of environments) {
    const ours = await run('/usr/bin/env', ['-0'], { env: env as never });
    const theirs = spawnSync('/usr/bin/env', ['-0'], { env: env as never });
    expect(ours.error).toBeUndefined();
    expect(ours.stdout).toBe(String(theirs.stdout));
  }
});

test('what can be no text is refused, with a code', async () => {
  const own = new Error('its own');
  const fail = (): never => {
    throw own;
  };
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  const bad: unknown[] = [Symbol('x'), Object.create(null), { toString: () => Symbol('x') }, proxy];
  for (const value of [...bad, { toString: () => ({}), valueOf: () => ({}) }]) {
    const attempt = spawn('/bin/true', [], { env: { A: value as never } });
    await expect(attempt).rejects.toMatchObject({
      name: 'TypeError',
      code: 'ERR_INVALID_ARG_TYPE',
    });
  }
  for (const env of [
    { A: { toString: fail } },
    { A: { [Symbol.toPrimitive]: fail } },
    Object.defineProperty({}, 'A', { get: fail, enumerable: true }),
    new Proxy({ A: '1' }, { get: fail }),
    new Proxy({ A: '1' }, { ownKeys: fail }),
  ]) {
    await expect(spawn('/bin/true', [], { env })).rejects.toBe(own);
  }
});

test('it is that of the call, for a later attempt too', async () => {
  const seen = await jsonProgram<string[]>(
    `import { openJournal, run } from 'reapwell';
     import { mkdtempSync, rmSync } from 'node:fs';
     const dir = mkdtempSync('/tmp/reapwell-');
     const journal = await openJournal(dir);
     const options = [{}, { scope: 'tree' }, { scope: ['cgroup', 'group'], cgroup: { parent: '/nowhere' } },
       { journal }, { env: process.env }, { env: process.env, journal }];
     const seen = [];
     for (const each of options) {
       process.env.WHEN = 'call';
       const running = run('printenv', ['WHEN'], each);
       process.env.WHEN = 'after';
       seen.push((await running).stdout.trim());
     }
     await journal.close();
     rmSync(dir, { recursive: true });
     console.log(JSON.stringify(seen));`,
  );
  expect(seen).toEqual(seen.map(() => 'call'));
  expect(seen).toHaveLength(6);
});
