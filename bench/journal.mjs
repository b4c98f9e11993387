// What does a journal cost?
//   node --expose-gc bench/journal.mjs [records]
// The event loop's time and the whole time of a journalled spawn beside one that is not, in turns; then how
// long a journal of 100,000 finished records takes to open and compact, and what memory that needs.
import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openJournal, run, spawn } from '../dist/index.js';

const RECORDS = Number(process.argv[2] ?? 100_000);
const SPAWNS = 1000;

const dir = mkdtempSync(join(tmpdir(), 'reapwell-journal-'));
process.on('exit', () => rmSync(dir, { recursive: true }));

const median = (values) => values.sort((a, b) => a - b)[values.length >> 1];
const us = (ms) => `${(ms * 1000).toFixed(0)} µs`;

async function timeSpawn(options) {
  const before = performance.eventLoopUtilization();
  const startedAt = performance.now();
  const child = await spawn('/bin/true', [], { stdio: 'ignore', ...options });
  const spawned = performance.now() - startedAt;
  await child.empty;
  return { spawned, loop: performance.eventLoopUtilization(before).active };
}

async function compareSpawns() {
  const journal = await openJournal(join(dir, 'spawns'));
  const kinds = { 'without a journal': {}, 'with one': { journal } };
  const times = Object.fromEntries(Object.keys(kinds).map((kind) => [kind, []]));
  for (let i = 0; i < SPAWNS; i++) {
    for (const [kind, options] of Object.entries(kinds)) times[kind].push(await timeSpawn(options));
  }
  await journal.close();
  for (const [kind, all] of Object.entries(times)) {
    const loop = median(all.map((one) => one.loop));
    const spawned = median(all.map((one) => one.spawned));
    console.log(`spawn ${kind}: ${us(spawned)} to its start, ${us(loop)} of the loop to its end`);
  }
}

/** A journal as a supervisor leaves it: three lines for each of so many jobs. */
async function fill(path) {
  const journal = await openJournal(path);
  await run('/bin/true', ['argument'], { journal, id: 'job', meta: { ticket: 1 } });
  await journal.close();
  const reopened = await openJournal(path); // puts the lines in one
  await reopened.close();
  const name = readdirSync(path).find((file) => file.endsWith('.jsonl'));
  const [header, whole] = readFileSync(join(path, name), 'utf8').trim().split('\n');
  const { key, starting, running, ended } = JSON.parse(whole);
  writeFileSync(join(path, name), `${header}\n`);
  for (let from = 0; from < RECORDS; from += 1000) {
    let text = '';
    for (let i = from; i < Math.min(from + 1000, RECORDS); i++) {
      const own = `${key.slice(0, 33)}${i.toString(36)}-${i}`;
      for (const line of [{ ...starting, id: `job-${i}` }, running, ended]) {
        text += `${JSON.stringify({ ...line, key: own })}\n`;
      }
    }
    appendFileSync(join(path, name), text);
  }
  return statSync(join(path, name)).size;
}

async function timeOpening() {
  const path = join(dir, 'records');
  const size = await fill(path);
  for (const what of ['as its supervisor left it', 'compacted before']) {
    global.gc?.();
    const before = process.memoryUsage.rss();
    let most = before;
    let late = 0;
    let last = performance.now();
    const watch = setInterval(() => {
      most = Math.max(most, process.memoryUsage.rss());
      late = Math.max(late, performance.now() - last - 5);
      last = performance.now();
    }, 5);
    const startedAt = performance.now();
    const journal = await openJournal(path);
    const took = performance.now() - startedAt;
    clearInterval(watch);
    const memory = ((most - before) / 1e6).toFixed(0);
    console.log(
      `${RECORDS.toLocaleString('en')} finished records (${(size / 1e6).toFixed(0)} MB), ${what}: ` +
        `opened in ${took.toFixed(0)} ms, ${memory} MB more memory, loop late by ${late.toFixed(0)} ms at most`,
    );
    const count = journal.entries().length;
    if (count !== RECORDS) throw new Error(`${count} entries`);
    await journal.close();
  }
}

await compareSpawns();
await timeOpening();
