// Ten hostile jobs, each started and ended by each contender: who leaves what behind?
//   cd bench && npm install && node hostile-jobs.mjs [part of a job's name] [part of a contender's name]
// Prints a Markdown table; writes results/hostile-jobs.md and .json when all of it was run.
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import { availableParallelism, release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { contenders } from './hostile/contenders.mjs';
import { jobs } from './hostile/jobs.mjs';
import { provide, requireNode } from './hostile/programs.mjs';
import { GRACE_MS, contest } from './hostile/referee.mjs';
import { toMarkdown, toNotes } from './hostile/table.mjs';
import { compile } from './lib/compile.mjs';
import { bench } from './lib/runtimes.mjs';

const [jobPart = '', contenderPart = ''] = process.argv.slice(2);
const chosenJobs = jobs.filter(({ name }) => name.includes(jobPart));
const chosen = contenders.filter(({ name }) => name.includes(contenderPart));

async function main() {
  const node = requireNode();
  const folder = fs.mkdtempSync(join(tmpdir(), 'reapwell-bench-'));
  try {
    // Another user has to execute what is compiled there.
    fs.chmodSync(folder, 0o755);
    const report = await compare(node, compile('bomb.c', folder));
    const markdown = `${toMarkdown(report)}\n\n${toNotes(report)}\n`;
    console.log(`\n${markdown}`);
    if (jobPart === '' && contenderPart === '') keep(report, markdown);
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

async function compare(node, bomb) {
  const provided = new Map();
  for (const contender of chosen) provided.set(contender, await provide(contender, node));
  const rows = [];
  for (const job of chosenJobs) {
    const results = {};
    for (const contender of chosen) {
      const result = await play(contender, job, provided.get(contender), bomb);
      results[contender.name] = result;
      console.error(`${job.name} | ${contender.name}: ${JSON.stringify(result)}`);
    }
    rows.push({ name: job.name, results });
  }
  return {
    date: new Date().toISOString().slice(0, 10),
    graceMs: GRACE_MS,
    machine: {
      node: execFileSync(node, ['--version'], { encoding: 'utf8' }).trim().slice(1),
      kernel: release(),
      cpus: availableParallelism(),
    },
    contenders: chosen.map((contender) => {
      const { name, detail } = contender;
      const { version, missing } = provided.get(contender);
      return { name, detail, version, missing };
    }),
    jobs: rows,
  };
}

async function play(contender, job, provided, bomb) {
  if (provided.missing !== undefined) return { missing: provided.missing };
  if (job.needs === 'bomb' && bomb.program === undefined) return { broken: bomb.missing };
  return contest(contender, job, provided, { bomb: bomb.program });
}

function keep(report, markdown) {
  const results = join(bench, 'results');
  fs.mkdirSync(results, { recursive: true });
  fs.writeFileSync(join(results, 'hostile-jobs.md'), markdown);
  fs.writeFileSync(join(results, 'hostile-jobs.json'), `${JSON.stringify(report, null, 2)}\n`);
}

await main();
