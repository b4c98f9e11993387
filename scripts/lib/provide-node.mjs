// Other versions of Node than the one that runs: from the registry, into a folder of the caller's.
import { execFileSync, spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { join, resolve } from 'node:path';

/** The versions that package.json's `engines` promises, by their major number. */
export const majors = [20, 22, 24, 26];

/** npm's own program file, so that any Node can run it. */
export function findNpm() {
  const named = process.env.npm_execpath;
  if (named !== undefined) return named;
  const found = execFileSync('/bin/sh', ['-c', 'command -v npm'], { encoding: 'utf8' }).trim();
  return resolve(fs.realpathSync(found));
}

export const isRunning = (major) => process.versions.node.startsWith(`${major}.`);

/**
 * The running Node, or one that is installed below `folder`, where an earlier call's is used again.
 * `node-linux-*` are the packages that the package `node` installs by a script; they carry the binary
 * and need no script. Returns `{ node }`, or `{ reason }` where none can be had.
 */
export function provideNode(major, folder) {
  if (isRunning(major)) return { node: process.execPath };
  const name = `node-linux-${process.arch}`;
  const project = join(folder, `node-${major}`);
  const node = join(project, 'node_modules', name, 'bin', 'node');
  if (works(node)) return { node };
  fs.rmSync(project, { recursive: true, force: true });
  fs.mkdirSync(project, { recursive: true });
  fs.writeFileSync(join(project, 'package.json'), '{ "private": true }');
  const installed = spawnSync(
    process.execPath,
    [findNpm(), 'install', '--ignore-scripts', `${name}@${major}`],
    { cwd: project, encoding: 'utf8', timeout: 300_000 },
  );
  if (works(node)) return { node };
  const lines = `${installed.stderr}${installed.stdout}`.split('\n');
  const told = lines.find((line) => /^npm error (?!code)/.test(line)) ?? lines[0];
  return { reason: told === '' ? `${name}@${major} does not run here` : told };
}

function works(node) {
  return fs.existsSync(node) && spawnSync(node, ['--version'], { timeout: 30_000 }).status === 0;
}
