// Compiles test/fixtures/*.cc into test/.build/ before the first test, what is stale only.
import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, renameSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const sources = fileURLToPath(new URL('../fixtures', import.meta.url));
const build = fileURLToPath(new URL('../.build', import.meta.url));
const run = promisify(execFile);

function isStale(source: string, program: string): boolean {
  const built = statSync(program, { throwIfNoEntry: false });
  return built === undefined || built.mtimeMs < statSync(source).mtimeMs;
}

async function compile(source: string, program: string): Promise<void> {
  // A line "// g++: -static" adds flags.
  const flags = /^\/\/ g\+\+: (.*)$/m.exec(readFileSync(source, 'utf8'))?.[1]?.split(' ') ?? [];
  // Beside it and renamed: another run may be starting the program right now.
  const draft = `${program}.${process.pid}`;
  await run('g++', ['-std=c++17', '-O1', '-Wall', '-Wextra', ...flags, '-o', draft, source]);
  renameSync(draft, program);
}

export default async function setup(): Promise<void> {
  mkdirSync(build, { recursive: true });
  const stale = readdirSync(sources)
    .filter((file) => file.endsWith('.cc'))
    .map((file) => [`${sources}/${file}`, `${build}/${file.slice(0, -'.cc'.length)}`] as const)
    .filter(([source, program]) => isStale(source, program));
  await Promise.all(stale.map(([source, program]) => compile(source, program)));
}
