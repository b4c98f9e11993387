// Which part of too much output run() returns, and how much it says is missing.
import { expect, test } from 'vitest';
import { run } from '../../src/index.js';

const numbers = (keep?: 'head' | 'tail' | 'ends') =>
  run('/usr/bin/seq', ['1000'], { maxBuffer: 12, ...(keep === undefined ? {} : { keep }) });

test.each([
  ['head', '1\n2\n3\n4\n5\n6\n'],
  ['tail', '98\n999\n1000\n'],
  ['ends', '1\n2\n3\n\n1000\n'],
  [undefined, '1\n2\n3\n\n1000\n'],
] as const)('keep: %s', async (keep, stdout) => {
  // seq 1000 writes 3,893 bytes.
  expect(await numbers(keep)).toMatchObject({ stdout, truncated: true, omittedBytes: 3881 });
});

test('a character that a cut goes through is left out, and counted', async () => {
  const euros = ['-c', "printf '€€€€€€'"];
  const cases = [
    ['head', '€€', 12],
    ['tail', '€€', 12],
    ['ends', '€€', 12],
  ] as const;
  for (const [keep, stdout, omittedBytes] of cases) {
    expect(await run('/bin/sh', euros, { maxBuffer: 8, keep })).toMatchObject({
      stdout,
      omittedBytes,
      truncated: true,
    });
  }
  const { stdout } = await run('/bin/sh', euros, { maxBuffer: 8, encoding: 'buffer' });
  expect(stdout).toEqual(Buffer.from('e282ace282ace282ac'.slice(0, 8) + 'ace282ac', 'hex'));
});

test('the bytes missing from both outputs are counted together', async () => {
  const completion = await run('/bin/sh', ['-c', 'printf 12345; printf 1234567 >&2'], {
    maxBuffer: 4,
    keep: 'tail',
  });
  expect(completion).toMatchObject({ stdout: '2345', stderr: '4567', omittedBytes: 4 });
});

test('an output that is as long as the limit is whole', async () => {
  for (const keep of ['head', 'tail', 'ends'] as const) {
    expect(await run('/bin/echo', ['é'], { maxBuffer: 3, keep })).toMatchObject({
      stdout: 'é\n',
      truncated: false,
      omittedBytes: 0,
    });
  }
});

test('the last lines of a long log are there, and the first', async () => {
  const { stdout, omittedBytes } = await run('/usr/bin/seq', ['2000000'], { maxBuffer: 100_000 });
  expect(stdout).toHaveLength(100_000);
  expect(stdout.startsWith('1\n2\n3\n')).toBe(true);
  expect(stdout.endsWith('1999999\n2000000\n')).toBe(true);
  expect(omittedBytes).toBe(14_888_896 - 100_000);
});

test.each([
  [{ keep: 'middle' }, 'ERR_INVALID_ARG_VALUE'],
  [{ keep: true }, 'ERR_INVALID_ARG_TYPE'],
  [{ all: 'yes' }, 'ERR_INVALID_ARG_TYPE'],
  [{ onOutput: 'log' }, 'ERR_INVALID_ARG_TYPE'],
  [{ onLine: {} }, 'ERR_INVALID_ARG_TYPE'],
])('%o is a TypeError', async (options, code) => {
  await expect(run('/bin/true', [], options as never)).rejects.toMatchObject({
    name: 'TypeError',
    code,
  });
});
