// Programs that read from each other: what flows, what each came to, and that all end together.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { openJournal, pipeline } from '../../src/index.js';
import { temporaryDirectory } from '../support/probe.js';
import { openDescriptors, ownChildren } from '../support/proc.js';
import { waitFor } from '../support/wait-for.js';

const sh = (script: string): readonly [string, ...string[]] => ['/bin/sh', '-c', script];
const statuses = ({ stages }: { stages: readonly { status: string }[] }) =>
  stages.map(({ status }) => status);
const pipes = () => [...openDescriptors().values()].filter((link) => link.startsWith('pipe:'));

describe('what flows', () => {
  test('from one to the next, and out of the last', async () => {
    const before = pipes().length;
    const result = await pipeline([['seq', '100000'], ['grep', '7'], sh('sleep .1; wc -l')]);
    expect(result).toMatchObject({ status: 'completed', stdout: '40951\n' });
    expect(statuses(result)).toEqual(['completed', 'completed', 'completed']);
    expect(result.stages.map(({ stdout }) => stdout)).toEqual(['', '', '40951\n']);
    await waitFor(() => pipes().length <= before);
  });

  test('one program is a pipeline', async () => {
    expect(await pipeline([['echo', 'alone']])).toMatchObject({ stdout: 'alone\n' });
  });

  test('input into the first, bytes out of the last, each one’s errors', async () => {
    const input = 'x'.repeat(1_000_000);
    const result = await pipeline([sh('cat; echo one >&2'), sh('cat; echo two >&2')], {
      input,
      encoding: 'buffer',
    });
    expect(result.stdout.length).toBe(input.length);
    expect(result.stages.map(({ stderr }) => stderr.toString())).toEqual(['one\n', 'two\n']);
  });

  test('files at both ends', async () => {
    const directory = temporaryDirectory();
    writeFileSync(`${directory}/in`, 'c\na\nb\n');
    const stdio = [{ file: `${directory}/in` }, { file: `${directory}/out` }] as const;
    expect(await pipeline([['cat'], ['sort']], { stdio })).toMatchObject({ status: 'completed' });
    expect(readFileSync(`${directory}/out`, 'utf8')).toBe('a\nb\nc\n');
  });

  test('with options of one program, and of all', async () => {
    const echo = 'cat; echo "$A $B"';
    const env = { A: 'all', B: 'all', PATH: '/bin:/usr/bin' };
    const { stdout } = await pipeline(
      [{ file: '/bin/sh', args: ['-c', echo], options: { env: { ...env, B: 'first' } } }, sh(echo)],
      { env },
    );
    expect(stdout).toBe('all first\nall all\n');
  });
});

describe('what it comes to', () => {
  test('yes | head -1 ends, and has not failed', async () => {
    const result = await pipeline([['yes'], ['head', '-1']]);
    expect(result).toMatchObject({ status: 'completed', stdout: 'y\n' });
    expect(result.stages[0]).toMatchObject({ status: 'failed', exit: { signal: 'SIGPIPE' } });
  });

  test.each([
    ['the first', [sh('exit 3'), sh('cat')], ['failed', 'completed']],
    ['the last', [sh('echo x'), sh('cat; exit 3')], ['completed', 'failed']],
    ['the last by SIGPIPE', [sh('echo x'), sh('cat; kill -PIPE $$')], ['completed', 'failed']],
  ])('%s fails: the pipeline fails, and tells which', async (_, commands, expected) => {
    const result = await pipeline(commands);
    expect(result.status).toBe('failed');
    expect(statuses(result)).toEqual(expected);
  });

  test('one that can’t be started ends the others', async () => {
    const children = ownChildren().length;
    for (const commands of [
      [['sleep', '60'], ['/nope'], ['cat']],
      [['/nope'], ['sleep', '60']],
      [['sleep', '60'], ['/nope']],
    ] as const) {
      const result = await pipeline(commands, { grace: 1000 });
      expect(result).toMatchObject({ status: 'error', error: { code: 'ENOENT', path: '/nope' } });
      expect(statuses(result).filter((status) => status === 'error')).toHaveLength(1);
    }
    await waitFor(() => ownChildren().length <= children);
  });
});

describe('all end together', () => {
  const stubborn = sh('trap "" TERM; while :; do sleep 1; done');

  test('by the timeout', async () => {
    const result = await pipeline([['sleep', '60'], stubborn, ['sleep', '60']], {
      ...{ timeout: 300, grace: 200 },
    });
    expect(result.status).toBe('timeout');
    expect(statuses(result)).toEqual(['timeout', 'timeout', 'timeout']);
  });

  test('by the signal', async () => {
    const controller = new AbortController();
    const job = pipeline([['yes'], sh('cat >/dev/null')], {
      ...{ signal: controller.signal, onProgress: () => controller.abort() },
      progressInterval: 50,
    });
    const result = await job;
    expect(result.status).toBe('terminated');
  });

  test('by one that had fired before', async () => {
    const proof = `${temporaryDirectory()}/proof`;
    const signal = AbortSignal.abort();
    const result = await pipeline([['touch', proof], ['cat']], { signal });
    expect(result.status).toBe('terminated');
    expect(statuses(result)).toEqual(['terminated', 'terminated']);
    expect(existsSync(proof)).toBe(false);
  });
});

test('each program is recorded in a journal', async () => {
  const journal = await openJournal(temporaryDirectory());
  const result = await pipeline([{ file: 'seq', args: ['5'], options: { id: 'first' } }, ['wc']], {
    journal,
  });
  expect(result.status).toBe('completed');
  const entries = journal.entries();
  expect(entries.map(({ command }) => command)).toEqual(['seq', 'wc']);
  expect(entries[0]!.id).toBe('first');
  await journal.close();
});

describe('bad arguments', () => {
  const valid = ['true'] as const;
  test.each<[string, unknown, unknown?]>([
    ['no commands', undefined],
    ['an empty list', []],
    ['a command without a program', [valid, []]],
    ['a program that is no string', [valid, [5]]],
    ['an argument with NUL', [valid, ['echo', 'a\0b']]],
    ['a command that is a string', [valid, 'cat']],
    ['an option that is none', [valid], { timeuot: 1 }],
    ['a program’s option that is the pipeline’s', [valid, { file: 'cat', options: { input: '' } }]],
    ['a bad option of the last one', [valid, { file: 'cat', options: { nice: 'x' } }]],
    ['a name for all', [valid, valid], { id: 'one' }],
    ['stdio that is no list', [valid], { stdio: 'inherit' }],
    ['a signal that is none', [valid], { signal: 5 }],
  ])('%s: refused, and nothing is started or left open', async (_, commands, options) => {
    const children = ownChildren().length;
    const before = pipes().length;
    await expect(pipeline(commands as [], options as object)).rejects.toMatchObject({
      code: expect.stringMatching(/^ERR_/) as string,
    });
    expect(pipes()).toHaveLength(before);
    expect(ownChildren()).toHaveLength(children);
  });
});
