// A child's output by line, while it runs.
import { text as textOf } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import type { Child, OutputLine } from '../../src/index.js';
import { start } from '../children.js';
import { waitFor } from '../support/wait-for.js';

const shell = (script: string): Promise<Child> =>
  start('/bin/bash', ['-c', script], { stdio: ['ignore', 'pipe', 'pipe'] });

async function all(child: Child): Promise<OutputLine[]> {
  const lines: OutputLine[] = [];
  for await (const line of child.lines()) lines.push(line);
  return lines;
}

const texts = (lines: OutputLine[], from: OutputLine['from']) =>
  lines.filter((line) => line.from === from).map(({ text }) => text);

describe('lines()', () => {
  test('tells both streams apart, each in its order', async () => {
    const lines = await all(await shell('for i in 1 2 3; do echo o$i; echo e$i >&2; done'));
    expect(texts(lines, 'stdout')).toEqual(['o1', 'o2', 'o3']);
    expect(texts(lines, 'stderr')).toEqual(['e1', 'e2', 'e3']);
    expect(lines).toHaveLength(6);
  });

  test('comes while the child runs', async () => {
    const child = await start('/bin/cat', [], { stdio: 'pipe' });
    const lines = child.lines();
    for (const text of ['one', 'two']) {
      child.stdin!.write(`${text}\n`);
      expect(await lines.next()).toEqual({ done: false, value: { from: 'stdout', text } });
    }
    expect(child.poll()).toEqual({ state: 'running' });
    child.stdin!.end();
    expect(await lines.next()).toEqual({ done: true, value: undefined });
  });

  test.each([
    ['no output', ':', []],
    ['an empty line', 'echo', ['']],
    ['no newline at the end', 'printf "a\\nb"', ['a', 'b']],
    ['carriage returns', 'printf "a\\r\\nb\\r\\n"', ['a', 'b']],
    ['a character in two pieces', "printf '\\xc3'; sleep 0.1; printf '\\xa4\\n'", ['ä']],
    ['a line end in two pieces', "printf 'a\\r'; sleep 0.1; printf '\\nb'", ['a', 'b']],
    ['a \\r of its own', 'printf "50%%\\r100%%\\n"', ['50%\r100%']],
    ['U+2028 in it', 'printf "\\xe2\\x80\\xa8\\n"', ['\u2028']],
    ['half a character at the end', "printf 'a\\xc3'", ['a\ufffd']],
  ])('with %s', async (_, script, expected) => {
    expect(texts(await all(await shell(script)), 'stdout')).toEqual(expected);
  });

  test('gives a line of ten million characters in one piece', async () => {
    const lines = await all(await shell('head -c 10000000 /dev/zero | tr "\\0" x; echo; echo end'));
    expect(lines.map(({ text }) => text.length)).toEqual([10_000_000, 3]);
    expect(/^x+$/.test(lines[0]!.text)).toBe(true);
  });

  test('gives every one of 100,000 lines to a reader who takes its time', async () => {
    const child = await shell('seq 100000');
    let count = 0;
    for await (const { text } of child.lines()) {
      if (text !== `${++count}`) throw new Error(`line ${count} is ${text}`);
      if (count % 1000 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(count).toBe(100_000);
  });

  test('makes the child wait for a reader who does not read on', async () => {
    const child = await shell('yes 0123456789 | head -c 100000000');
    const lines = child.lines();
    await lines.next();
    const held = () => process.memoryUsage().rss;
    const before = held();
    // A child that nothing held up would be through long before.
    const ended = await Promise.race([
      child.exited.then(() => true),
      new Promise<boolean>((resolve) => setTimeout(resolve, 1500, false)),
    ]);
    expect(ended).toBe(false);
    expect(held() - before).toBeLessThan(50_000_000);
    expect(child.stdout!.readableLength).toBeLessThan(1_000_000);
    await lines.return!();
  });

  test('of a reader who breaks off early leaves the child alive', async () => {
    const child = await shell('echo one; echo two; sleep 60');
    for await (const line of child.lines()) {
      expect(line).toEqual({ from: 'stdout', text: 'one' });
      break;
    }
    expect(child.poll()).toEqual({ state: 'running' });
    await child.terminate();
  });

  test('goes on where the last loop broke off', async () => {
    const child = await shell('echo 1; echo 2; echo e >&2; printf "3\\n4"');
    await child.exited;
    const seen: OutputLine[] = [];
    // One line a loop; the last one finds the end.
    for (let loops = 0; loops < 6; loops++) {
      for await (const line of child.lines()) {
        seen.push(line);
        break;
      }
    }
    expect(texts(seen, 'stdout')).toEqual(['1', '2', '3', '4']);
    expect(texts(seen, 'stderr')).toEqual(['e']);
    expect(child.stdout!.readableEnded && child.stderr!.readableEnded).toBe(true);
  });

  test.each([
    ['all that there will be', 'printf "one\\ntwo\\n\\xc3\\xa4\\nthree"'],
    ['the first of it', 'printf "one\\ntwo\\n\\xc3"; sleep 0.1; printf "\\xa4\\nthree"'],
  ])('leaves what it did not tell to another reader, having read %s', async (_, script) => {
    const child = await shell(script);
    for await (const line of child.lines()) {
      expect(line.text).toBe('one');
      break;
    }
    expect(await textOf(child.stdout!)).toBe('two\nä\nthree');
  });

  test('leaves it to one that wants text, too', async () => {
    const child = await shell('printf "\\xe4\\n\\xf6\\n\\xfc"');
    child.stdout!.setEncoding('latin1');
    const lines = child.lines();
    expect(await lines.next()).toEqual({ done: false, value: { from: 'stdout', text: 'ä' } });
    await lines.return!();
    expect(await textOf(child.stdout!)).toBe('ö\nü');
  });

  test('shares the lines among loops at the same time', async () => {
    const child = await shell('seq 10000; printf last');
    const counts = [0, 0, 0];
    const seen = new Set<string>();
    const loop = async (index: number, most: number): Promise<void> => {
      for await (const { text } of child.lines()) {
        seen.add(text);
        counts[index]!++;
        // This one breaks off, and the others go on.
        if (counts[index] === most) break;
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    await Promise.all([loop(0, Infinity), loop(1, Infinity), loop(2, 1000)]);
    expect(seen.size).toBe(10_001);
    expect(counts[0]! + counts[1]! + counts[2]!).toBe(10_001);
    expect(Math.min(...counts)).toBeGreaterThan(100);
  });

  test('answers calls of next() that do not wait for each other', async () => {
    const lines = (await shell('echo a; echo b')).lines();
    const results = await Promise.all([lines.next(), lines.next(), lines.next(), lines.next()]);
    expect(results).toEqual([
      { done: false, value: { from: 'stdout', text: 'a' } },
      { done: false, value: { from: 'stdout', text: 'b' } },
      { done: true, value: undefined },
      { done: true, value: undefined },
    ]);
  });

  test('settles what waits when the loop is broken off', async () => {
    const child = await shell('sleep 60');
    const lines = child.lines();
    const waiting = lines.next();
    await lines.return!();
    expect(await waiting).toEqual({ done: true, value: undefined });
    expect(await lines.next()).toEqual({ done: true, value: undefined });
    await child.terminate();
  });

  test.each(['read by somebody else', 'destroyed'])('ends at once when it was %s', async (how) => {
    const child = await shell('echo one; echo two >&2');
    for (const stream of [child.stdout!, child.stderr!]) {
      if (how === 'destroyed') stream.destroy();
      else await textOf(stream);
    }
    expect(await all(child)).toEqual([]);
  });

  test('ends when the streams are destroyed meanwhile', async () => {
    const child = await shell('echo one; sleep 60');
    const seen: string[] = [];
    for await (const { text } of child.lines()) {
      seen.push(text);
      setImmediate(() => child.stdout!.destroy());
      child.stderr!.destroy();
    }
    expect(seen).toEqual(['one']);
    await child.terminate();
  });

  test('gives what was written before it was called, and before the child ended', async () => {
    const child = await shell('seq 100; echo e >&2');
    await child.empty;
    expect(texts(await all(child), 'stdout')).toHaveLength(100);
  });

  test('throws the error of a stream behind what came before it', async () => {
    const child = await shell('printf "one\\ntwo"; sleep 60');
    const stdout = child.stdout!;
    stdout.read(0);
    await waitFor(() => stdout.readableLength === 'one\ntwo'.length);
    stdout.destroy(new Error('EIO'));
    const seen: string[] = [];
    const reading = (async () => {
      for await (const { text } of child.lines()) seen.push(text);
    })();
    await expect(reading).rejects.toThrow('EIO');
    expect(seen).toEqual(['one', 'two']);
    await child.terminate();
    expect(await all(child)).toEqual([]);
  });

  test('leaves no listener behind', async () => {
    const child = await shell('seq 3; sleep 60');
    const counts = () =>
      ['readable', 'end', 'error', 'close'].map((name) => child.stdout!.listenerCount(name));
    const before = counts();
    for (let i = 0; i < 3; i++) {
      for await (const { text } of child.lines()) {
        expect(text).toBe(`${i + 1}`);
        break;
      }
    }
    expect(counts()).toEqual(before);
    await child.terminate();
  });

  test('ends at once without captured output', async () => {
    const child = await start('/bin/cat', [], { stdio: ['pipe', 'ignore', 'ignore'] });
    expect(await all(child)).toEqual([]);
    child.stdin!.end();
    await waitFor(() => child.poll().state === 'exited');
  });
});
