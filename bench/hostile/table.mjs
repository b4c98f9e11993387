// The results as Markdown.

function cell(result) {
  if (result.missing !== undefined) return 'missing';
  if (result.broken !== undefined) return 'not run';
  const count = result.left === 0 ? '0' : `**${result.left}**`;
  if (!result.settled) return `**hangs**, ${count}`;
  return result.threw === undefined ? count : `${count}, throws`;
}

const title = ({ name, detail }) => (detail === undefined ? name : `${name}, ${detail}`);

/** Every contender has a column, also one that could not take part. */
export function toMarkdown(report) {
  const { contenders, jobs } = report;
  const rows = [
    ['Job', ...contenders.map(title)],
    ...jobs.map(({ name, results }) => [name, ...contenders.map((one) => cell(results[one.name]))]),
  ];
  return align(rows).join('\n');
}

/** Laid out as prettier would: the first column to the left, the others to the right. */
function align([head, ...body]) {
  const widths = head.map((_, i) => Math.max(...[head, ...body].map((cells) => cells[i].length)));
  const pad = (text, i) => (i === 0 ? text.padEnd(widths[i]) : text.padStart(widths[i]));
  const rule = widths.map((width, i) =>
    i === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`,
  );
  return [head.map(pad), rule, ...body.map((cells) => cells.map(pad))].map(
    (cells) => `| ${cells.join(' | ')} |`,
  );
}

/** What ran, and on what: below the table. */
export function toNotes(report) {
  const { contenders, jobs, machine } = report;
  const versions = contenders
    .filter(({ version }) => version !== undefined)
    .map((contender) => `${contender.name} ${contender.version}`);
  const lines = [
    `Grace ${report.graceMs} ms for all. ${versions.join('; ')}.`,
    `Run on Node ${machine.node}, Linux ${machine.kernel}, ${machine.cpus} CPUs, ${report.date}.`,
  ];
  for (const { name, missing } of contenders) {
    if (missing !== undefined) lines.push(`Missing: ${name} (${missing}).`);
  }
  for (const job of jobs) {
    for (const [name, { broken }] of Object.entries(job.results)) {
      if (broken !== undefined) lines.push(`Not run: "${job.name}" by ${name} (${broken.trim()}).`);
    }
  }
  return lines.join('\n\n');
}
