// `all`: both outputs in one, in the order in which they came.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { run } from '../../src/index.js';
import { temporaryDirectory } from '../support/probe.js';

const shell = ['/bin/sh', '-c'] as const;

/** Lets a script go on: it waits for each number that it is told. */
function steps(): { folder: string; next: (number: number) => void } {
  const folder = temporaryDirectory();
  return { folder, next: (number) => writeFileSync(join(folder, `${number}`), '') };
}

/** Each piece is written once the one before it has been read. */
const written = (pieces: readonly [number, string][]) =>
  pieces
    .map(([fd, octal], index) => `until [ -e $1/${index} ]; do :; done; printf '${octal}' >&${fd}`)
    .join('\n');

async function inTurn(pieces: readonly [number, string][], encoding: 'utf8' | 'buffer') {
  const { folder, next } = steps();
  let seen = 0;
  next(0);
  // By bytes, since a character that is not whole is not told.
  const { all, stdout, stderr } = await run(shell[0], ['-c', written(pieces), 'sh', folder], {
    encoding,
    all: true,
    progressInterval: 1,
    onProgress: ({ stdoutBytes, stderrBytes }) => {
      const lengths = pieces.map(([, octal]) => octal.length / 4);
      const expected = lengths.slice(0, seen + 1).reduce((sum, length) => sum + length, 0);
      if (stdoutBytes + stderrBytes === expected) next(++seen);
    },
  });
  return { all, stdout, stderr };
}

// 'é' is 303 251, '€' is 342 202 254, 'a' is 141, 'b' is 142.
const PIECES: readonly [number, string][] = [
  [1, '\\141'],
  [2, '\\142'],
  [1, '\\303'],
  [2, '\\342\\202'],
  [1, '\\251'],
  [1, '\\141'],
  [2, '\\254'],
  [2, '\\142'],
];

describe('all', () => {
  test('has both in the order in which they came, with whole characters', async () => {
    expect(await inTurn(PIECES, 'utf8')).toEqual({
      all: 'abéa€b',
      stdout: 'aéa',
      stderr: 'b€b',
    });
  });

  test('has the bytes as they came', async () => {
    const { all } = await inTurn(PIECES, 'buffer');
    expect(all).toEqual(Buffer.from('6162c3e282a961ac62', 'hex'));
  });

  test('is there only if it is asked for', async () => {
    expect(await run('/bin/echo', ['x'])).not.toHaveProperty('all');
    expect(await run('/bin/echo', ['x'], { all: false })).not.toHaveProperty('all');
    expect(await run('/nope', [], { all: true })).toMatchObject({ status: 'error', all: '' });
    expect(
      await run('/bin/true', [], { all: true, encoding: 'buffer', stdio: 'ignore' }),
    ).toMatchObject({ all: Buffer.alloc(0) });
  });

  test('lacks nothing where neither output does', async () => {
    const script = 'printf 12345678; printf abcdefgh >&2';
    const whole = await run(shell[0], ['-c', script], { all: true, maxBuffer: 8 });
    expect(whole.all).toHaveLength(16);
    expect(whole).toMatchObject({ truncated: false, omittedBytes: 0 });
    const cut = await run(shell[0], ['-c', script], { all: true, maxBuffer: 4, keep: 'tail' });
    expect(cut.all).toHaveLength(8);
    expect(cut).toMatchObject({ stdout: '5678', stderr: 'efgh', omittedBytes: 8 });
  });

  test('keeps its ends', async () => {
    const { all } = await run('/usr/bin/seq', ['100000'], { all: true, maxBuffer: 13 });
    expect(all).toBe('1\n2\n3\n4\n5\n6\n799999\n100000\n');
  });
});
