// Runs the native core without Node under the sanitizers: test/native/ is compiled with
// native/core/ for each of them and run in every mode. Any report fails, and so does a broken
// promise. A sanitizer that can't be had is reported as skipped.
// Usage: sanitize.mjs [SECONDS]; SECONDS is for each run (default 5), five to a sanitizer.
// CXX chooses the compiler (g++).
import { execFile } from 'node:child_process';
import * as fs from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const compiler = process.env.CXX ?? 'g++';
const seconds = Number(process.argv[2] ?? 5);
/** Most of it is for a machine that is busy with other things; see kStuckNs in consumer.cc. */
const longestRun = (seconds + 120) * 1_000;
const longestCompile = 300_000;

/** No suppressions: what they report is to be mended. */
const sanitizers = [
  {
    name: 'address and undefined',
    flags: ['-fsanitize=address,undefined', '-fno-sanitize-recover=undefined'],
    env: { ASAN_OPTIONS: 'detect_stack_use_after_return=1', UBSAN_OPTIONS: 'print_stacktrace=1' },
  },
  {
    name: 'thread',
    flags: ['-fsanitize=thread'],
    env: { TSAN_OPTIONS: 'second_deadlock_stack=1' },
  },
];
const modes = [
  { name: 'default', env: {} },
  { name: 'pidfd-only', env: { REAPWELL_SIGCHLD: 'share' } },
  { name: 'signalfd-only', env: { REAPWELL_PIDFD: 'off' } },
  { name: 'neither', env: { REAPWELL_SIGCHLD: 'share', REAPWELL_PIDFD: 'off' } },
  { name: 'subreaper', env: {}, role: 'subreaper' },
];
const flags =
  '-std=c++17 -D_GNU_SOURCE -O1 -g -fno-omit-frame-pointer -fno-exceptions -fno-rtti -pthread -Wall -Wextra -Werror'.split(
    ' ',
  );

const root = fileURLToPath(new URL('..', import.meta.url));
const work = fs.mkdtempSync(join(tmpdir(), 'reapwell-sanitize-'));
const count = { passed: 0, failed: 0, skipped: 0 };
try {
  await main();
} finally {
  fs.rmSync(work, { recursive: true, force: true });
}
console.log(`sanitize: passed ${count.passed}, failed ${count.failed}, skipped ${count.skipped}`);
process.exitCode = count.failed > 0 ? 1 : 0;

async function main() {
  const child = join(work, 'child');
  const compiled = await exec(
    compiler,
    ['-static', '-std=c++17', '-O1', '-o', child, join(root, 'test/native/child.cc')],
    longestCompile,
  );
  if (compiled.failed) return fail('the program that is started', compiled.output);
  for (const sanitizer of sanitizers) {
    const reason = await whyNot(sanitizer);
    if (reason !== undefined) {
      count.skipped += 1;
      console.log(`skipped: ${sanitizer.name} sanitizer (${reason})`);
      continue;
    }
    const program = await build(sanitizer);
    if (program === undefined) continue;
    for (const mode of modes) await stress(sanitizer, mode, program, child);
  }
}

/** Why a program of two lines can't be compiled with it and run; undefined if it can. */
async function whyNot(sanitizer) {
  const source = join(work, 'trial.cc');
  const program = join(work, 'trial');
  fs.writeFileSync(source, 'int main() { return 0; }\n');
  const compiled = await exec(
    compiler,
    [...sanitizer.flags, '-o', program, source],
    longestCompile,
  );
  if (compiled.failed) return `${compiler} can't link it`;
  const ran = await exec(program, [], 60_000, sanitizer.env);
  return ran.failed ? `its runtime does not start: ${firstLine(ran.output)}` : undefined;
}

async function build(sanitizer) {
  const folder = fs.mkdtempSync(join(work, 'objects-'));
  const sources = ['native/core', 'test/native'].flatMap((from) =>
    fs
      .readdirSync(join(root, from))
      .filter((file) => file.endsWith('.cc') && file !== 'child.cc')
      .map((file) => join(root, from, file)),
  );
  const objects = sources.map((source) => join(folder, `${basename(source)}.o`));
  const include = `-I${join(root, 'native')}`;
  const waiting = sources.map((source, i) => [
    ...flags,
    ...sanitizer.flags,
    ...[include, '-c', source, '-o', objects[i]],
  ]);
  const problems = [];
  const compileNext = async () => {
    for (let args = waiting.shift(); args !== undefined; args = waiting.shift()) {
      const { failed, output } = await exec(compiler, args, longestCompile);
      if (failed) problems.push(output);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, compileNext));
  const program = join(folder, 'stress');
  if (problems.length === 0) {
    const args = ['-pthread', ...sanitizer.flags, ...objects, '-o', program];
    const { failed, output } = await exec(compiler, args, longestCompile);
    if (failed) problems.push(output);
  }
  if (problems.length === 0) return program;
  fail(`${sanitizer.name}: build`, problems.join('\n'));
  return undefined;
}

async function stress(sanitizer, mode, program, child) {
  const name = `${sanitizer.name}, ${mode.name}`;
  const seed = String(1 + Math.floor(Math.random() * 1e9));
  const args = [child, String(seconds), seed, ...(mode.role === undefined ? [] : [mode.role])];
  const { failed, output } = await exec(program, args, longestRun, {
    ...sanitizer.env,
    ...mode.env,
  });
  if (failed) return fail(name, output);
  count.passed += 1;
  console.log(`ok: ${name}: ${output.trim().split('\n').join('; ')}`);
}

function fail(name, output) {
  count.failed += 1;
  console.log(`FAILED: ${name}\n${output}`);
}

function firstLine(output) {
  return output.trim().split('\n')[0];
}

/** The exit code tells: each sanitizer's is not 0 once it has reported something. */
function exec(file, args, timeout, env = {}) {
  return new Promise((resolve) => {
    // A mode is chosen here and not by who calls us.
    const mode = { REAPWELL_SIGCHLD: '', REAPWELL_PIDFD: '', ...env };
    const options = { cwd: root, env: { ...process.env, ...mode }, timeout, killSignal: 'SIGKILL' };
    execFile(file, args, { ...options, maxBuffer: 64 << 20 }, (error, stdout, stderr) => {
      const why = error === null ? '' : `\n${error.message.split('\n')[0]}`;
      resolve({ failed: error !== null, output: `${stderr}${stdout}${why}` });
    });
  });
}
