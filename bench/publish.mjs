// Puts what was measured into the README and docs/performance.md, between their marks.
//   npm run bench && node bench/publish.mjs
import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { toMainTable, toNote, writeSummary } from './lib/summary.mjs';
import { toGoals, toTable } from './lib/table.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const results = join(root, 'bench', 'results');

const reports = JSON.parse(readFileSync(join(results, 'summary.json'), 'utf8')).questions.map(
  (name) => JSON.parse(readFileSync(join(results, `${name}.json`), 'utf8')),
);
writeSummary(reports, results);
const goals = reports.flatMap((report) => report.goals);

/** A mark's name and what stands below it. */
const texts = {
  goals: () => toGoals(goals),
  main: () => toMainTable(reports),
  note: () => toNote(reports, goals),
};
for (const { name, tables, notes } of reports) {
  texts[`question ${name}`] = () => [...tables.map(toTable), ...notes].join('\n\n');
}

const known = readdirSync(results);
for (const file of ['README.md', 'docs/performance.md']) {
  const path = join(root, file);
  const before = readFileSync(path, 'utf8');
  const after = before.replace(
    /(<!-- measured: (.*?) -->\n)[^]*?(<!-- end of it -->)/g,
    (_all, begin, name, end) => {
      if (texts[name] === undefined) throw new Error(`${file}: no results for ${name} in ${known}`);
      return `${begin}\n${texts[name]()}\n\n${end}`;
    },
  );
  writeFileSync(path, after);
  execFileSync('npx', ['prettier', '--write', path], { cwd: root });
}
