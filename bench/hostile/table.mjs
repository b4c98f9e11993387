// The results as Markdown.

function cell(result) {
  if (result.missing !== undefined) return 'missing';
  if (result.broken !== undefined) return 'not run';
  const count = result.left === 0 ? '0' : `**${result.left}**`;
  if (!result.settled) return `**hangs**, ${count}`;
  return result.threw === undefined ? count : `${count}, throws`;
}

const row = (cells) => `| ${cells.join(' | ')} |`;

const title = ({ name, detail }) => (detail === undefined ? name : `${name}, ${detail}`);

/** Every contender has a column, also one that could not take part. */
export function toMarkdown(report) {
  const { contenders, jobs } = report;
  const lines = [
    row(['Job', ...contenders.map(title)]),
    row(['---', ...contenders.map(() => '--:')]),
    ...jobs.map(({ name, results }) =>
      row([name, ...contenders.map((contender) => cell(results[contender.name]))]),
    ),
  ];
  return lines.join('\n');
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
