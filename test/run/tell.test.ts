// onOutput and onLine: what a job writes, told of while it runs.
import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, expect, test } from 'vitest';
import { run, type OutputLine } from '../../src/index.js';
import { nodeProgram } from '../support/program.js';

type Told = [string | Buffer, 'stdout' | 'stderr'];

const shell = '/bin/sh';

describe('onOutput', () => {
  test('tells of each output while the program runs', async () => {
    const controller = new AbortController();
    const told: Told[] = [];
    const { status } = await run(shell, ['-c', 'echo out; echo err >&2; sleep 60'], {
      signal: controller.signal,
      onOutput: (chunk, stream) => {
        // It would run for a minute, if it were told only at its end.
        if (told.push([chunk, stream]) === 2) controller.abort();
      },
    });
    expect(status).toBe('terminated');
    expect(told).toContainEqual(['out\n', 'stdout']);
    expect(told).toContainEqual(['err\n', 'stderr']);
  });

  test('tells whole characters, and replaces what never gets whole', async () => {
    const chunks: string[] = [];
    const script =
      'for byte in 303 251 342 202 254 142 342 202; do printf \\\\$byte; sleep 0.01; done';
    const { stdout } = await run('/bin/bash', ['-c', script], {
      onOutput: (chunk) => chunks.push(chunk),
    });
    expect(stdout).toBe('é€b\ufffd');
    expect(chunks.join('')).toBe('é€b\ufffd');
    expect(chunks.at(-1)).toMatch(/\ufffd$/);
    expect(chunks.slice(0, -1).join('')).not.toContain('\ufffd');
  });

  test('tells bytes with encoding: buffer, which are its own', async () => {
    const chunks: Buffer[] = [];
    const { stdout } = await run(shell, ['-c', "printf '\\377\\000'"], {
      encoding: 'buffer',
      onOutput: (chunk) => {
        chunks.push(Buffer.from(chunk));
        chunk.fill('x');
      },
    });
    expect(Buffer.concat(chunks)).toEqual(Buffer.from([0xff, 0]));
    expect(stdout).toEqual(Buffer.from([0xff, 0]));
  });

  test('tells all of it, also what is not kept', async () => {
    let length = 0;
    const { stdout, omittedBytes } = await run('/usr/bin/head', ['-c', '3000000', '/dev/zero'], {
      maxBuffer: 0,
      onOutput: (chunk) => (length += chunk.length),
    });
    expect({ stdout, omittedBytes, length }).toEqual({
      stdout: '',
      omittedBytes: 3_000_000,
      length: 3_000_000,
    });
  });

  test('is not called where there is no output', async () => {
    let calls = 0;
    const options = { onOutput: () => calls++, onLine: () => calls++ };
    await run('/bin/true', [], options);
    await run('/bin/echo', ['x'], { ...options, stdio: 'ignore' });
    await run('/nope', [], options);
    expect(calls).toBe(0);
  });
});

describe('onLine', () => {
  test('tells each line with its stream, the last one without an end too', async () => {
    const lines: OutputLine[] = [];
    const script = 'printf "a\\r\\n\\nb c\\rd\\n"; echo err >&2; printf last';
    const { stdout } = await run('/bin/bash', ['-c', script], {
      onLine: (line) => lines.push(line),
    });
    expect(stdout).toBe('a\r\n\nb c\rd\nlast');
    const of = (from: OutputLine['from']) =>
      lines.filter((line) => line.from === from).map(({ text }) => text);
    expect(of('stdout')).toEqual(['a', '', 'b c\rd', 'last']);
    expect(of('stderr')).toEqual(['err']);
  });

  test('tells text whatever the encoding, and every one of 100,000 lines', async () => {
    let count = 0;
    await run('/usr/bin/seq', ['100000'], {
      encoding: 'buffer',
      maxBuffer: 10,
      onLine: ({ text }) => {
        if (text !== `${++count}`) throw new Error(`line ${count} is ${text}`);
      },
    });
    expect(count).toBe(100_000);
  });

  test('tells of a line when it is complete, not when the program ends', async () => {
    const controller = new AbortController();
    const { status } = await run(shell, ['-c', 'printf a; sleep 0.01; echo b; sleep 60'], {
      signal: controller.signal,
      onLine: ({ text }) => {
        if (text === 'ab') controller.abort();
      },
    });
    expect(status).toBe('terminated');
  });
});

test('both are called in the async context of the call', async () => {
  const storage = new AsyncLocalStorage<string>();
  const contexts = new Set<string | undefined>();
  const note = () => contexts.add(storage.getStore());
  const jobs = ['A', 'B'].map((name) =>
    storage.run(name, () =>
      run(shell, ['-c', 'echo 1; sleep 0.05; echo 2'], { onOutput: note, onLine: note }),
    ),
  );
  await storage.run('C', () => run('/bin/true'));
  await Promise.all(jobs);
  expect(contexts).toEqual(new Set(['A', 'B']));
});

test('what they throw is an uncaught exception, and the job goes on', async () => {
  const program = `
    import { run } from 'reapwell';
    process.on('uncaughtException', (error) => console.log(error.message));
    const fail = (what) => () => { throw new Error(what); };
    const options = { onOutput: fail('output'), onLine: fail('line') };
    const { status, stdout } = await run('/bin/echo', ['x'], options);
    await new Promise(setImmediate);
    console.log(status, stdout);
  `;
  const { stdout } = await nodeProgram(program);
  expect(stdout).toBe('output\nline\ncompleted x\n\n');
});
