// What has to be there: other runtimes, packages, compiled programs. Each is found or named as missing.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const bench = fileURLToPath(new URL('..', import.meta.url));
const modules = join(bench, 'node_modules');

const firstLine = (error) => String(error.message).split('\n')[0];

function installed(name) {
  const file = join(modules, name, 'package.json');
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).version : undefined;
}

function works(program) {
  try {
    return execFileSync(program, ['--version'], { encoding: 'utf8', timeout: 20_000 }).trim();
  } catch {
    return undefined;
  }
}

/** execa 10 needs Node 22, so all run on that: our own, or the one in node_modules. */
export function findNode() {
  if (Number(process.versions.node.split('.')[0]) >= 22) return process.execPath;
  const name = `node-linux-${process.arch}`;
  const program = join(modules, name, 'bin', 'node');
  if (works(program) === undefined) {
    throw new Error(
      `execa needs Node 22, this is ${process.version}, and ${name} is not installed`,
    );
  }
  return program;
}

/** npm puts the binary in a package of its own; the script of `bun`, where it may run, moves it. */
function findBun() {
  const name = `bun-linux-${process.arch === 'x64' ? 'x64' : 'aarch64'}`;
  const places = [join('@oven', name, 'bin', 'bun'), join('bun', 'bin', 'bun.exe')];
  for (const place of places) {
    const program = join(modules, place);
    const version = works(program);
    if (version !== undefined) return { program, version };
  }
  return { missing: `no program that runs at node_modules/${places.join(' or node_modules/')}` };
}

/** Where and in which version a contender runs; or `missing`, saying why it can't. */
export async function provide(contender, node) {
  if (contender.runtime === 'bun') return findBun();
  if (contender.packageName !== undefined) {
    const version = installed(contender.packageName);
    if (version === undefined) return { missing: `${contender.packageName} is not installed` };
    return { program: node, version };
  }
  if (contender.name.startsWith('node:')) return { program: node, version: works(node)?.slice(1) };
  try {
    const { capabilities } = await import('../../dist/index.js');
    const { cgroup } = capabilities();
    if (contender.cgroup === true && !usable(cgroup)) {
      return { missing: `no cgroup can be made here: ${JSON.stringify(cgroup)}` };
    }
  } catch (error) {
    return { missing: firstLine(error) };
  }
  const { version } = JSON.parse(readFileSync(join(bench, '..', 'package.json'), 'utf8'));
  return { program: node, version };
}

const usable = (cgroup) => cgroup.writable === true;

/** Compiles a file of bench/programs into `folder`. */
export function compile(source, folder) {
  const program = join(folder, source.replace(/\.c$/, ''));
  const failures = [];
  for (const compiler of ['cc', 'gcc', 'g++']) {
    const language = compiler === 'g++' ? ['-x', 'c++'] : [];
    try {
      const file = join(bench, 'programs', source);
      execFileSync(compiler, [...language, '-O2', '-Wall', '-o', program, file], { stdio: 'pipe' });
      return { program };
    } catch (error) {
      failures.push(firstLine(error));
    }
  }
  return { missing: `no C compiler: ${failures.join('; ')}` };
}
