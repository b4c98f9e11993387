// How long does it take until a group of 1,000 members is ended and verified empty?
//   node bench/group-of-1000.mjs [members] [rounds]
// Beside it, in the same run and in turns: one killpg and waitpid in C, until kill(-pgid, 0) is ESRCH.
// Needs a C compiler.
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { configure, spawn } from '../dist/index.js';
import { compile } from './lib/compile.mjs';

const MEMBERS = Number(process.argv[2] ?? 1000);
const ROUNDS = Number(process.argv[3] ?? 9);
const KILL_WAIT_MS = 30_000;
const format = (value) => value.toFixed(1);

const folder = fs.mkdtempSync(join(tmpdir(), 'reapwell-bench-'));
try {
  const { program, missing } = compile('members.c', folder);
  if (missing !== undefined) throw new Error(missing);
  await main(program);
} finally {
  fs.rmSync(folder, { recursive: true, force: true });
}

async function main(program) {
  const times = { kernel: [], library: [], subreaper: [] };
  for (let round = 0; round < ROUNDS; round++) {
    times.kernel.push(byKernel(program));
    times.library.push(await byLibrary(program));
    configure({ subreaper: true });
    times.subreaper.push(await byLibrary(program));
    configure({ subreaper: false });
  }
  const kernel = median(times.kernel);
  console.log(`A group of ${MEMBERS} members, ended and verified empty; median of ${ROUNDS}:`);
  print('C, killpg and waitpid until ESRCH', times.kernel, kernel);
  print('reapwell, terminate()', times.library, kernel);
  print('reapwell, terminate(), as subreaper', times.subreaper, kernel);
}

function print(name, times, kernel) {
  const value = median(times);
  const range = `${format(Math.min(...times))} to ${format(Math.max(...times))}`;
  console.log(`  ${name}: ${format(value)} ms (${range}), ratio ${(value / kernel).toFixed(2)}`);
}

function median(times) {
  return times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)];
}

function byKernel(program) {
  const output = execFileSync(program, ['measure', String(MEMBERS)], { encoding: 'utf8' });
  return Number(output) / 1000;
}

async function byLibrary(program) {
  const child = await spawn(program, ['lead', String(MEMBERS)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    escalation: [{ signal: 'SIGKILL', wait: KILL_WAIT_MS }],
  });
  await new Promise((resolve) => child.stdout.once('data', resolve));
  const before = performance.now();
  const { method, survivors } = await child.terminate();
  const took = performance.now() - before;
  if (method !== 'sigkill') throw new Error(`${method}: ${survivors.length} survivors`);
  verifyEmpty(child.pgid);
  return took;
}

/** Not by the library's word: nobody but zombies, which an init that is slow may leave for a while. */
function verifyEmpty(pgid) {
  for (const name of fs.readdirSync('/proc')) {
    const stat = /^[0-9]+$/.test(name) ? statOf(name) : '';
    const [state, , group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (Number(group) === pgid && state !== 'Z' && state !== 'X') {
      throw new Error(`pid ${name} of group ${pgid} is alive (${state})`);
    }
  }
}

function statOf(pid) {
  try {
    return fs.readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return '';
  }
}
