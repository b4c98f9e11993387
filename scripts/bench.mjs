// Runs the benchmarks on what was just built; gets what they compare with first if it isn't there.
//   npm run bench -- [--quick] [--allow-missing NAME] [names of questions]
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const bench = fileURLToPath(new URL('../bench/', import.meta.url));

function must(file, args) {
  const { status, error } = spawnSync(file, args, { stdio: 'inherit' });
  if (error !== undefined) throw error;
  if (status !== 0) process.exit(status ?? 1);
}

// Without install scripts: all binaries are in packages of their own.
if (!existsSync(`${bench}node_modules/.package-lock.json`)) {
  must('npm', ['--prefix', bench, 'ci', '--ignore-scripts']);
}
must(process.execPath, [`${bench}run.mjs`, ...process.argv.slice(2)]);
