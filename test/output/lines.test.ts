// A child's output by line, while it runs.
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

  test('ends at once without captured output', async () => {
    const child = await start('/bin/cat', [], { stdio: ['pipe', 'ignore', 'ignore'] });
    expect(await all(child)).toEqual([]);
    child.stdin!.end();
    await waitFor(() => child.poll().state === 'exited');
  });
});
