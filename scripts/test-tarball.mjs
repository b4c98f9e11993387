// Packs the package as npm would publish it and uses it as a stranger would: installed
// into an empty project, without install scripts and without a compiler, on every
// supported Node. Run `npm run prebuild` first. Leaves nothing behind.
import { execFileSync, spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findNpm, majors, provideNode } from './lib/provide-node.mjs';

/** Enough for npm to run and to start a shell; neither a compiler, make nor Python. */
const allowedTools = ['sh', 'env'];

/** npm's own words are part of what is checked, also when this runs under a silent npm. */
const environment = { ...process.env, npm_config_loglevel: 'warn' };
const root = fileURLToPath(new URL('..', import.meta.url));
const npm = findNpm();
/** Kept, and shared with test-nodes.mjs. */
const nodes = join(root, 'test', '.build', 'nodes');
const work = fs.mkdtempSync(join(tmpdir(), 'reapwell-tarball-'));
const count = { passed: 0, failed: 0, skipped: 0 };
try {
  main();
} finally {
  fs.rmSync(work, { recursive: true, force: true });
}
console.log(`tarball: passed ${count.passed}, failed ${count.failed}, skipped ${count.skipped}`);
process.exitCode = count.failed > 0 || count.passed === 0 ? 1 : 0;

function main() {
  const tarball = pack();
  for (const major of majors) {
    const name = `node ${major}`;
    const { node, reason } = provideNode(major, nodes);
    if (node === undefined) {
      count.skipped += 1;
      console.log(`skipped: tarball on ${name} (${reason})`);
      continue;
    }
    check(`${name}, install scripts off`, () => use(tarball, node, ['--ignore-scripts']));
    check(`${name}, install scripts on`, () => use(tarball, node, []));
  }
  check('built from source in the installed package', () => useFromSource(tarball));
}

function check(name, body) {
  try {
    body();
    count.passed += 1;
    console.log(`ok: ${name}`);
  } catch (error) {
    count.failed += 1;
    console.log(`FAILED: ${name}\n${error.message}`);
  }
}

function pack() {
  const prebuilds = join(root, 'prebuilds', `linux-${process.arch}`);
  if (!fs.existsSync(prebuilds)) throw new Error('no prebuild to pack: npm run prebuild');
  exec(process.execPath, [npm, 'pack', '--pack-destination', work], { cwd: root });
  const [file] = fs.readdirSync(work).filter((name) => name.endsWith('.tgz'));
  return join(work, file);
}

function use(tarball, node, flags) {
  const folder = project('use');
  const env = withoutCompiler(node);
  const output = exec(node, [npm, 'install', '--prefer-offline', ...flags, tarball], {
    cwd: folder,
    env,
  });
  if (/reapwell.*install:/.test(output)) throw new Error(`npm found install scripts:\n${output}`);
  runProgram(node, folder, env, 'prebuilds');
}

/** The way docs/building.md gives, for machines that no prebuild fits; and with the optional peer. */
function useFromSource(tarball) {
  const folder = project('source');
  exec(process.execPath, [npm, 'install', '--prefer-offline', tarball, '@opentelemetry/api@1'], {
    cwd: folder,
  });
  fs.rmSync(join(folder, 'node_modules', 'reapwell', 'prebuilds'), { recursive: true });
  const nodeGyp = join(root, 'node_modules', 'node-gyp', 'bin', 'node-gyp.js');
  exec(process.execPath, [nodeGyp, 'rebuild', '-C', 'node_modules/reapwell/native'], {
    cwd: folder,
  });
  runProgram(process.execPath, folder, environment, 'build/Release');
}

function runProgram(node, folder, env, addonFolder) {
  const program = join(folder, 'program.mjs');
  fs.copyFileSync(join(root, 'scripts', 'tarball-program.mjs'), program);
  console.log(exec(node, [program, addonFolder], { cwd: folder, env }).trim());
}

/** An empty project of that name; one that was there before is removed. */
function project(name) {
  const folder = join(work, name);
  fs.rmSync(folder, { recursive: true, force: true });
  fs.mkdirSync(folder);
  fs.writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }');
  return folder;
}

function withoutCompiler(node) {
  const bin = join(work, 'bin');
  fs.rmSync(bin, { recursive: true, force: true });
  fs.mkdirSync(bin);
  fs.symlinkSync(node, join(bin, 'node'));
  for (const tool of allowedTools) fs.symlinkSync(which(tool), join(bin, tool));
  return { ...environment, PATH: bin };
}

function which(tool) {
  return execFileSync('/bin/sh', ['-c', `command -v ${tool}`], { encoding: 'utf8' }).trim();
}

/** Returns what the command printed; throws, with it, if the command failed. */
function exec(file, args, options) {
  const done = spawnSync(file, args, {
    encoding: 'utf8',
    env: environment,
    timeout: 300_000,
    ...options,
  });
  const output = `${done.stdout ?? ''}${done.stderr ?? ''}`;
  if (done.status !== 0) {
    const how = done.error?.message ?? `exit code ${done.status}, signal ${done.signal}`;
    throw new Error(`${file} ${args.join(' ')}: ${how}\n${output}`);
  }
  return output;
}
