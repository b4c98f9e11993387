// The fenced code blocks of what people read, with where they stand.
import { readdirSync, readFileSync } from 'node:fs';
import { repository } from '../support/program.js';

export interface Block {
  /** From the repository's root. */
  readonly page: string;
  /** Of its first line of code. */
  readonly line: number;
  readonly language: string;
  readonly code: string;
}

const folders = ['.', 'docs', 'examples', 'bench'];

/** Every page of prose, from the repository's root. */
export function pages(): string[] {
  return folders.flatMap((folder) =>
    readdirSync(`${repository}/${folder}`, { recursive: folder !== '.', encoding: 'utf8' })
      .map((name) => (folder === '.' ? name : `${folder}/${name}`))
      .filter((name) => name.endsWith('.md') && !name.includes('node_modules/')),
  );
}

export function blocksOf(page: string): Block[] {
  const blocks: Block[] = [];
  let open: { language: string; line: number; lines: string[] } | undefined;
  const lines = readFileSync(`${repository}/${page}`, 'utf8').split('\n');
  for (const [index, line] of lines.entries()) {
    const fence = /^```(\S*)/.exec(line);
    if (fence === null) {
      open?.lines.push(line);
    } else if (open === undefined) {
      open = { language: fence[1] ?? '', line: index + 2, lines: [] };
    } else {
      const { language, line: first, lines: code } = open;
      blocks.push({ page, line: first, language, code: `${code.join('\n')}\n` });
      open = undefined;
    }
  }
  if (open !== undefined) throw new Error(`${page}:${open.line}: a block without an end`);
  return blocks;
}
