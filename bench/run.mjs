// Asks every question, each in a process of its own, and puts what they say into one table.
//   npm run bench -- [--quick] [--allow-missing NAME] [names of questions]
// With names, the results of the others are those that are there. Writes results/summary.json, summary.md and summary.svg beside the results of each question.
import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readArguments, usage } from './lib/arguments.mjs';
import { bench } from './lib/runtimes.mjs';
import { drawSummary, writeSummary } from './lib/summary.mjs';

/** In the order of the table of goals. */
const QUESTIONS = [
  ...['loop-time', 'start-to-exit', 'captured-output', 'kill-to-exited', 'among-many'],
  ...['ten-thousand', 'poll', 'memory', 'beside', 'transfer', 'steady'],
];

/** The goals are of no use if a question can't be asked, so its failure is that of the whole. */
function ask(name, args) {
  const script = join(bench, 'questions', `${name}.mjs`);
  const { status } = spawnSync(process.execPath, [script, ...args], { stdio: 'inherit' });
  return status === 0;
}

async function main() {
  const { quick, out, allowMissing, help, names } = readArguments();
  if (help) {
    console.log(usage);
    return;
  }
  const made = quick && out === undefined;
  const folder = made ? fs.mkdtempSync(join(tmpdir(), 'reapwell-results-')) : out;
  const target = folder ?? join(bench, 'results');
  const args = ['--out', target, ...(quick ? ['--quick'] : [])];
  for (const name of allowMissing) args.push('--allow-missing', name);
  const wrong = names.find((name) => !QUESTIONS.includes(name));
  if (wrong !== undefined)
    throw new Error(`no question ${wrong}; there are ${QUESTIONS.join(', ')}`);
  const chosen = names.length > 0 ? names : QUESTIONS;
  const failed = chosen.filter((name) => !ask(name, args));
  const isThere = (name) => fs.existsSync(join(target, `${name}.json`));
  const asked = QUESTIONS.filter((name) => !failed.includes(name) && isThere(name));
  const reports = asked.map((name) =>
    JSON.parse(fs.readFileSync(join(target, `${name}.json`), 'utf8')),
  );
  const markdown = writeSummary(reports, target);
  await drawSummary(reports, join(target, 'summary.svg'));
  console.log(`\n${markdown}\nResults are in ${target}.`);
  if (failed.length > 0) throw new Error(`not answered: ${failed.join(', ')}`);
}

await main();
