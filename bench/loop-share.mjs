// How long does one spawn occupy the event loop, and does that grow with the heap?
//   node bench/loop-share.mjs [spawns]
// Runs itself with heaps of 50 MB, 1 GB and 4 GB, with node:child_process beside it in the same run.
import { execFileSync, spawn as spawnOfNode } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { spawn } from '../dist/index.js';

const HEAPS_MB = [50, 1024, 4096];
const ROUNDS = Number(process.argv[2] ?? 200);

/** Buffers are part of what a fork has to copy page tables for, and are allocated quickly. */
function fillHeap(megabytes) {
  const kept = [];
  for (let i = 0; i < megabytes; i++) kept.push(Buffer.alloc(1024 * 1024, 1));
  return kept;
}

function percentile(sorted, share) {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}

const options = { stdio: 'ignore', env: {} };

/** Only what runs on the loop's thread before control returns to it. */
async function measure(start, finish) {
  const times = [];
  for (let i = 0; i < ROUNDS; i++) {
    const before = process.hrtime.bigint();
    const started = start();
    times.push(Number(process.hrtime.bigint() - before) / 1000);
    await finish(started);
  }
  times.sort((a, b) => a - b);
  return { median: percentile(times, 0.5), p99: percentile(times, 0.99) };
}

async function runWithHeap(megabytes) {
  const kept = fillHeap(megabytes);
  const ours = await measure(
    () => spawn('/bin/true', [], options),
    async (started) => (await started).exited,
  );
  const nodes = await measure(
    () => spawnOfNode('/bin/true', [], options),
    (child) => new Promise((resolve) => child.on('exit', resolve)),
  );
  console.log(JSON.stringify({ megabytes: kept.length, ours, nodes }));
}

if (process.env.REAPWELL_BENCH_HEAP !== undefined) {
  await runWithHeap(Number(process.env.REAPWELL_BENCH_HEAP));
} else {
  console.log('µs of the event loop for one spawn, median (p99)');
  console.log('heap MB       reapwell    child_process    ratio');
  for (const megabytes of HEAPS_MB) {
    const line = execFileSync(process.execPath, [fileURLToPath(import.meta.url), String(ROUNDS)], {
      env: { ...process.env, REAPWELL_BENCH_HEAP: String(megabytes) },
      encoding: 'utf8',
    });
    const { ours, nodes } = JSON.parse(line);
    const show = ({ median, p99 }) => `${median.toFixed(1)} (${p99.toFixed(1)})`.padStart(16);
    const ratio = `1/${Math.round(nodes.median / ours.median)}`;
    console.log(`${String(megabytes).padEnd(8)}${show(ours)}${show(nodes)}${ratio.padStart(10)}`);
  }
}
