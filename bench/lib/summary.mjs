// What all questions say together: the table of goals, and one chart of the main comparisons.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bars, drawChart } from './chart.mjs';
import { toNumber } from './goals.mjs';
import { layOut, toGoals } from './table.mjs';

/** Question, and a part of the table's title. */
const MAIN = [
  ['start-to-exit', 'static program, one at a time'],
  ['start-to-exit', 'static program, 16 at a time'],
  ['captured-output', 'echo'],
  ['kill-to-exited', 'SIGTERM'],
];

/** What the README shows as well: how it grows. */
const GROWTH = [
  ['loop-time', 'heap 50 MB'],
  ['loop-time', 'heap 1 GB'],
  ['loop-time', 'heap 4 GB'],
  ['loop-time', 'heap 8 GB'],
  ['among-many', ' 10 live'],
  ['among-many', '000 live'],
  ['ten-thousand', 'started, then all ended'],
  ['memory', 'resident memory'],
  ['transfer', 'to its input and from its output'],
];

/** Medians: a row for each comparison, a column for each peer. */
export function toMainTable(reports) {
  const tables = [...MAIN, ...GROWTH].flatMap(([name, part]) => {
    const report = reports.find((one) => one.name === name);
    const table = report?.tables.find(({ title }) => title.includes(part));
    return table === undefined ? [] : [{ ...table, of: TOPICS[name] }];
  });
  const names = [...new Set(tables.flatMap(({ rows }) => rows.map(({ name }) => name)))];
  const cell = (row) => {
    if (row === undefined) return '';
    return row.missing === undefined ? toNumber(row.median) : 'missing';
  };
  const body = tables.map(({ of, title, unit, rows }) => [
    `${of}${title}, ${unit}`,
    ...names.map((name) => cell(rows.find((row) => row.name === name))),
  ]);
  return layOut([['Median', ...names], ...body]);
}

/** What the title of a part leaves unsaid. */
const TOPICS = {
  ...{ 'start-to-exit': 'start to exit: ', 'captured-output': '', 'kill-to-exited': '' },
  ...{ 'loop-time': 'event loop blocked by a spawn, ', 'among-many': '', 'ten-thousand': '' },
  ...{ memory: '', transfer: 'cat: ' },
};

export function writeSummary(reports, folder) {
  const goals = reports.flatMap((report) =>
    report.goals.map((goal) => ({ from: report.name, ...goal })),
  );
  const markdown = `${toGoals(goals)}\n\n${toMainTable(reports)}\n\n${toNote(reports, goals)}\n`;
  writeFileSync(join(folder, 'summary.md'), markdown);
  const summary = {
    ...{
      questions: reports.map(({ name }) => name),
      machine: reports[0].machine,
      seconds: sum(reports.map(({ seconds }) => seconds)),
    },
    loads: Object.fromEntries(reports.map(({ name, machine }) => [name, machine.loadBefore])),
    ...{ peers: versions(reports), goals },
  };
  writeFileSync(join(folder, 'summary.json'), `${JSON.stringify(summary, null, 2)}\n`);
  return markdown;
}

const sum = (values) => values.reduce((total, value) => total + value, 0);

/** Every peer of every question, once. */
function versions(reports) {
  return Object.fromEntries(
    reports.flatMap(({ peers }) =>
      peers.map(({ name, version, missing }) => [name, version ?? `missing: ${missing}`]),
    ),
  );
}

export function toNote(reports, goals) {
  const { machine } = reports[0];
  const named = Object.entries(versions(reports)).map(([name, version]) => `${name} ${version}`);
  const loads = reports.map((report) => report.machine.loadBefore[0]);
  const met = goals.filter((goal) => goal.met === true).length;
  return [
    `${met} of ${goals.length} goals met.`,
    `${machine.cpus} CPUs (${machine.cpu}), Linux ${machine.kernel}, Node ${machine.node}, ${machine.date};`,
    `load of the machine when a question began: ${Math.min(...loads)} to ${Math.max(...loads)}.`,
    `${named.join('; ')}.`,
  ].join(' ');
}

export async function drawSummary(reports, file) {
  const tables = MAIN.flatMap(([name, part]) => {
    const report = reports.find((one) => one.name === name);
    return report?.tables.find(({ title }) => title.includes(part)) ?? [];
  });
  await drawChart(bars('Microseconds, median and quartiles; shorter is better', tables), file);
}
