// Tables as Markdown, laid out as prettier would.
import { goalHeads, toCells, toNumber } from './goals.mjs';

/** `left`: how many of the first columns are text. */
export function layOut([head, ...body], left = 1) {
  const all = [head, ...body];
  const widths = head.map((_, i) => Math.max(3, ...all.map((cells) => [...cells[i]].length)));
  const pad = (text, i) => {
    const room = ' '.repeat(widths[i] - [...text].length);
    return i < left ? text + room : room + text;
  };
  const rule = widths.map((width, i) =>
    i < left ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`,
  );
  const lines = [head.map(pad), rule, ...body.map((cells) => cells.map(pad))];
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** Peers with their statistics, and the ratio to the first of them. */
export function toTable({ title, unit, rows, base = 'reapwell' }) {
  const first = unit === '' ? title : `${title}, ${unit}`;
  const heads = [first, 'median', 'spread (IQR)', 'p99', 'samples', `× ${base}`];
  const body = rows.map((row) => {
    if (row.missing !== undefined) return [row.name, 'missing', '', '', '', ''];
    const numbers = [row.median, row.spread, row.p99].map((value) =>
      value === undefined ? '' : toNumber(value),
    );
    const ratio = row.ratio === undefined ? '' : toNumber(row.ratio);
    return [row.name, ...numbers, String(row.samples ?? ''), ratio];
  });
  return layOut([heads, ...body]);
}

export const toGoals = (goals) => layOut([goalHeads, ...goals.map(toCells)]);
