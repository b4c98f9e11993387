// Where the runtimes and packages that we compare with are, and in which version. Each finder returns
// `{ program, version }`, or `{ missing }` with the reason. Nothing is downloaded and no install script
// is needed: npm puts the binaries of Bun, Deno and Node into packages of their own.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const bench = fileURLToPath(new URL('..', import.meta.url));
const modules = join(bench, 'node_modules');

/** The version in an installed package's manifest. */
export function installed(name) {
  const file = join(modules, name, 'package.json');
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).version : undefined;
}

export function packageVersion() {
  return JSON.parse(readFileSync(join(bench, '..', 'package.json'), 'utf8')).version;
}

/** The number in what a program answers to --version; undefined if it can't be run. */
function versionOf(program) {
  try {
    const said = execFileSync(program, ['--version'], { encoding: 'utf8', timeout: 20_000 });
    return /[0-9]+\.[0-9]+(\.[0-9]+)?/.exec(said)?.[0];
  } catch {
    return undefined;
  }
}

function firstThatRuns(programs) {
  for (const program of programs) {
    const version = versionOf(program);
    if (version !== undefined) return { program, version };
  }
  return { missing: `none of these runs: ${programs.join(', ')}` };
}

/** execa 10 needs Node 22, so all packages run on that: our own, or the one in node_modules. */
export function findNode() {
  if (Number(process.versions.node.split('.')[0]) >= 22) {
    return { program: process.execPath, version: process.versions.node };
  }
  return firstThatRuns([join(modules, `node-linux-${process.arch}`, 'bin', 'node')]);
}

/** A Node of a given major version. */
export function findNodeVersion(major) {
  if (process.versions.node.startsWith(`${major}.`)) {
    return { program: process.execPath, version: process.versions.node };
  }
  const names = [`node-${major}`, `node-linux-${process.arch}`];
  const found = names
    .map((name) => firstThatRuns([join(modules, name, 'bin', 'node')]))
    .find(({ version }) => version?.startsWith(`${major}.`));
  return (
    found ?? { missing: `no Node ${major} in node_modules/${names.join(' or node_modules/')}` }
  );
}

export function findBun() {
  const name = `bun-linux-${process.arch === 'x64' ? 'x64' : 'aarch64'}`;
  const places = [join('@oven', name, 'bin', 'bun'), join('bun', 'bin', 'bun.exe')];
  return firstThatRuns(places.map((place) => join(modules, place)));
}

export function findDeno() {
  const name = `linux-${process.arch === 'x64' ? 'x64' : 'arm64'}-glibc`;
  return firstThatRuns([join(modules, '@deno', name, 'deno')]);
}

export function findPython() {
  return firstThatRuns(['python3']);
}
