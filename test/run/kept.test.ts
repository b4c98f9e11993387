// What is kept of too much output, cut for cut.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { Kept, type Keep } from '../../src/run/kept.js';
import { Pieces } from '../../src/run/pieces.js';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

function held(): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

const KEEPS: readonly Keep[] = ['head', 'tail', 'ends'];
const ALPHABET = ['a', 'é', '€', '😀', '\n'];

/** The same numbers in each run. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    return state % below;
  };
}

function fill(kept: Kept, bytes: Buffer, chunkLength: () => number): void {
  for (let at = 0; at < bytes.length;) {
    const end = at + chunkLength();
    kept.add(Buffer.from(bytes.subarray(at, end)));
    at = end;
  }
}

/** What should be left of `bytes`: the slow way. */
function parts(bytes: Buffer, limit: number, keep: Keep): [Buffer, Buffer] {
  if (bytes.length <= limit) return [bytes, Buffer.alloc(0)];
  const head = { head: limit, tail: 0, ends: Math.floor(limit / 2) }[keep];
  return [bytes.subarray(0, head), bytes.subarray(bytes.length - (limit - head))];
}

describe.each(KEEPS)('%s', (keep) => {
  test('keeps the right bytes, and whole characters, however they come', () => {
    const next = numbers(7);
    for (let round = 0; round < 1500; round++) {
      const text = Array.from({ length: next(60) }, () => ALPHABET[next(5)]).join('');
      const bytes = Buffer.from(text);
      const limit = next(90);
      const kept = new Kept(limit, Infinity, keep);
      fill(kept, bytes, () => 1 + next(9));
      const [head, tail] = parts(bytes, limit, keep);
      const expected = Buffer.concat([head, tail]);
      expect(kept.toBytes()).toEqual({
        output: expected,
        omitted: bytes.length - expected.length,
      });
      const { output, omitted } = kept.toText(true);
      // Only the characters that a cut went through are missing, at most three bytes to a side.
      const whole = `${head.toString()}|${tail.toString()}`.replace(/\ufffd+\||\|\ufffd+/g, '|');
      expect(output).toBe(whole.replace(/\ufffd*\|\ufffd*/, ''));
      expect(omitted).toBe(bytes.length - Buffer.byteLength(output));
      expect(kept.isCut).toBe(bytes.length > limit);
    }
  });

  test('holds about as much as it keeps, whether it comes in large chunks or byte by byte', () => {
    for (const size of [1, 100, 65_536]) {
      const kept = new Kept(150_000, Infinity, keep);
      const before = held();
      for (let sent = 0; sent < 600_000; sent += size) kept.add(Buffer.alloc(size, 'x'));
      expect(held() - before).toBeLessThan(5_000_000);
      expect(kept.toBytes().output).toHaveLength(150_000);
    }
  });
});

test('what can be returned bounds what is wanted, and is told apart from it', () => {
  const kept = new Kept(100, 10, 'ends');
  kept.add(Buffer.from('0123456789'));
  expect([kept.isCut, kept.isTooLong]).toEqual([false, false]);
  kept.add(Buffer.from('ab'));
  expect([kept.isCut, kept.isTooLong]).toEqual([true, true]);
  expect(kept.toText(true)).toEqual({ output: '01234' + '789ab', omitted: 2 });
  const short = new Kept(10, 100, 'ends');
  short.add(Buffer.from('0123456789ab'));
  expect([short.isCut, short.isTooLong]).toEqual([true, false]);
});

test('bytes that are no UTF-8 are kept and replaced, as everywhere', () => {
  const bytes = Buffer.from([0x61, 0x80, 0x80, 0x80, 0x80, 0x62, 0xff, 0xc3]);
  const kept = new Kept(100, 100, 'ends');
  kept.add(bytes);
  expect(kept.toText(true)).toEqual({ output: bytes.toString('utf8'), omitted: 0 });
  expect(kept.toText(false)).toEqual({ output: bytes.toString('utf8', 0, 7), omitted: 1 });
});

test('small pieces share blocks, large ones are not copied', () => {
  const pieces = new Pieces();
  const large = Buffer.alloc(100_000, 'L');
  for (let i = 0; i < 10_000; i++) pieces.push(Buffer.from('s'));
  pieces.push(large);
  pieces.push(Buffer.from('end'));
  expect(pieces.length).toBe(110_003);
  expect(pieces.toBuffer().toString()).toBe(`${'s'.repeat(10_000)}${'L'.repeat(100_000)}end`);
  pieces.dropTo(100_003);
  expect(pieces.length).toBe(100_003);
  pieces.dropTo(0);
  expect(pieces.length).toBe(0);
  const one = new Pieces();
  one.push(large);
  expect(one.toBuffer()).toBe(large);
});
