// Bytes into lines, without processes.
import { describe, expect, test } from 'vitest';
import { behindLines, linesOf, LineSplitter } from '../../src/stdio/line-splitter.js';

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');

/** What comes of `text` in chunks that are `size` bytes long. */
function split(text: Buffer, size: number, longest?: number): string[] {
  const splitter = new LineSplitter(longest);
  const lines: string[] = [];
  for (let at = 0; at < text.length; at += size) {
    lines.push(...splitter.push(text.subarray(at, at + size)));
  }
  return [...lines, ...splitter.end()];
}

describe('lines', () => {
  test.each<[string, Buffer, string[]]>([
    ['nothing', bytes(''), []],
    ['a newline alone', bytes('\n'), ['']],
    ['empty lines', bytes('\n\na\n\n'), ['', '', 'a', '']],
    ['no newline at the end', bytes('a\nb'), ['a', 'b']],
    ['both line ends', bytes('a\r\nb\n\r\n'), ['a', 'b', '']],
    ['a \\r of its own', bytes('10%\r20%\r\nx\r'), ['10%\r20%', 'x\r']],
    ['two \\r before the \\n', bytes('a\r\r\n'), ['a\r']],
    [
      'other separators',
      Buffer.from('{"a":"\u2028\u2029\u0085\v\f"}\n'),
      ['{"a":"\u2028\u2029\u0085\v\f"}'],
    ],
    ['characters of every length', Buffer.from('aä€😀\nß'), ['aä€😀', 'ß']],
    ['half a character at the end', bytes('a\xc3'), ['a\ufffd']],
    ['half a character before a newline', bytes('\xe2\x82\n\xac\n'), ['\ufffd', '\ufffd']],
    ['a byte order mark', Buffer.from('\ufeffa\n\ufeffb'), ['\ufeffa', '\ufeffb']],
    ['NUL', bytes('a\0b\0\n'), ['a\0b\0']],
  ])('with %s', (_, text, expected) => {
    for (const size of [1, 2, 3, 5, 1000]) expect(split(text, size)).toEqual(expected);
  });

  test('replace what is no UTF-8 as TextDecoder does', () => {
    const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
    let state = 1;
    const random = (): number => (state = (state * 48271) % 0x7fffffff);
    for (let round = 0; round < 300; round++) {
      // Bytes that begin, go on with, and break off characters, and line ends between them.
      const pool = [
        0x0a, 0x0d, 0x41, 0x80, 0xbf, 0xc3, 0xe2, 0x82, 0xac, 0xed, 0xa0, 0xf0, 0x9f, 0xff,
      ];
      const text = Buffer.from(Array.from({ length: 40 }, () => pool[random() % pool.length]!));
      const whole = decoder.decode(text).replaceAll('\r\n', '\n').split('\n');
      if (whole.at(-1) === '') whole.pop();
      for (const size of [1, 7, 40]) expect(split(text, size)).toEqual(whole);
    }
  });

  test('of a long line cost no more than its length, however small its pieces', () => {
    const splitter = new LineSplitter();
    const chunk = Buffer.alloc(16, 'x');
    const chunks = 4 * 1024 * 1024;
    for (let i = 0; i < chunks; i++) splitter.cut(chunk);
    const [line] = splitter.push(bytes('\r\n'));
    expect(line).toHaveLength(16 * chunks);
  });

  test('that are too long for a string come in pieces of whole characters', () => {
    expect(split(bytes('12345678\n12345678\r\nx'), 3, 8)).toEqual(['12345678', '12345678', 'x']);
    expect(split(bytes('123456789abcdefgh\n'), 4, 8)).toEqual(['12345678', '9abcdefg', 'h']);
    expect(split(Buffer.from('€€€€\n'), 5, 8)).toEqual(['€€', '€€']);
    expect(split(bytes('1234567\r8\n'), 20, 8)).toEqual(['1234567', '\r8']);
    expect(split(bytes('\x80'.repeat(9)), 20, 8)).toEqual(['\ufffd'.repeat(8), '\ufffd']);
    for (const size of [1, 2, 3, 50]) {
      const text = Buffer.from('aä€😀\r\n'.repeat(5) + 'ä'.repeat(30) + '\n\n');
      expect(split(text, size, 8).join('')).toBe('aä€😀'.repeat(5) + 'ä'.repeat(30));
    }
  });

  test('that have been told can be taken off again', () => {
    const block = bytes('a\r\nbb\n\nc');
    expect(linesOf(block)).toEqual(['a', 'bb', '', 'c']);
    expect([0, 1, 2, 3, 4].map((count) => behindLines(block, count).toString())).toEqual([
      'a\r\nbb\n\nc',
      'bb\n\nc',
      '\nc',
      'c',
      '',
    ]);
  });
});
