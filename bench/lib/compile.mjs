// C programs of bench/programs, compiled on the spot.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const sources = fileURLToPath(new URL('../programs/', import.meta.url));

/** Compiles a file of bench/programs into `folder`: `{ program }`, or `{ missing }` with the reason. */
export function compile(source, folder, { name = source.replace(/\.c$/, ''), flags = [] } = {}) {
  const program = join(folder, name);
  const failures = [];
  for (const compiler of ['cc', 'gcc', 'g++']) {
    const language = compiler === 'g++' ? ['-x', 'c++'] : [];
    const common = ['-O2', '-Wall', ...flags, '-o', program];
    try {
      execFileSync(compiler, [...language, ...common, join(sources, source)], { stdio: 'pipe' });
      return { program };
    } catch (error) {
      failures.push(String(error.message).split('\n')[0]);
    }
  }
  return { missing: `no C compiler: ${failures.join('; ')}` };
}
