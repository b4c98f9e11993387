// The frame of every question: finds the peers, lets them be measured, prints, judges, keeps.
import * as fs from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { readArguments, usage } from './arguments.mjs';
import { bars, drawChart } from './chart.mjs';
import { describeMachine } from './machine.mjs';
import { find, startWorker } from './peers.mjs';
import { withPrograms } from './programs.mjs';
import { bench } from './runtimes.mjs';
import { toGoals, toTable } from './table.mjs';

/**
 * `name` is that of its files in results; `peers` are all that have to be there. `measure(context)`
 * returns `{ tables, goals, notes?, chart?, details? }`. `context`:
 *   peers                 those that are there, in the order given
 *   programs, quick, amount(full, quick)
 *   open(peer, options)   a worker, ended at the end at the latest
 *   missing(peer)         why it isn't there, else undefined
 */
export async function question({ name, title, peers, measure }) {
  const options = readArguments();
  if (options.help) {
    console.log(`${title}${usage}`);
    return;
  }
  const began = performance.now();
  const machine = describeMachine();
  const answer = await withPrograms(async (programs) => {
    const found = findAll(peers, programs, options.allowMissing);
    const workers = new Set();
    const context = makeContext(peers, found, workers, programs, options);
    try {
      return { ...(await measure(context)), found };
    } finally {
      await Promise.all([...workers].map((worker) => worker.end()));
    }
  });
  const report = {
    ...{ name, title, quick: options.quick },
    seconds: Math.round((performance.now() - began) / 1000),
    machine: { ...machine, loadAfter: loadavg().map((value) => Number(value.toFixed(2))) },
    peers: peers.map((peer) => ({ name: peer.name, ...describeFound(answer.found.get(peer)) })),
    tables: answer.tables.map((table) => withMissing(table, peers, answer.found)),
    goals: answer.goals,
    notes: answer.notes ?? [],
    details: answer.details,
  };
  print(report);
  await keep(report, answer.chart, options);
}

/** Never silently without one of them. */
function findAll(peers, programs, allowed) {
  const found = new Map(peers.map((peer) => [peer, find(peer, programs)]));
  for (const [peer, { missing }] of found) {
    if (missing === undefined || allowed.has(peer.name)) continue;
    throw new Error(
      `${peer.name} is missing: ${missing}. --allow-missing '${peer.name}' goes on without it`,
    );
  }
  return found;
}

const describeFound = ({ version, missing }) => ({ version, missing });

function makeContext(peers, found, workers, programs, { quick }) {
  const missing = (peer) => found.get(peer)?.missing;
  const keepWorker = (worker) => {
    workers.add(worker);
    return worker;
  };
  return {
    peers: peers.filter((peer) => missing(peer) === undefined),
    ...{ programs, quick, missing },
    amount: (full, few) => (quick ? few : full),
    open: (peer, options) => keepWorker(startWorker(peer, found.get(peer), options)),
    found: (peer) => found.get(peer),
    keepWorker,
    async close(worker) {
      workers.delete(worker);
      await worker.end();
    },
  };
}

/** A row for each peer that was allowed to be missing, in those tables that have a row for each peer. */
function withMissing(table, peers, found) {
  const absent = peers
    .filter((peer) => found.get(peer).missing !== undefined)
    .map((peer) => ({ name: peer.name, missing: found.get(peer).missing }));
  return table.partial ? table : { ...table, rows: [...table.rows, ...absent] };
}

function print({ title, machine, tables, goals, notes, seconds }) {
  console.log(`\n## ${title}\n`);
  for (const table of tables) console.log(`${toTable(table)}\n`);
  if (goals.length > 0) console.log(`${toGoals(goals)}\n`);
  for (const note of notes) console.log(`${note}\n`);
  const { node, kernel, cpus, loadBefore, loadAfter } = machine;
  const load = `load ${loadBefore[0]} before, ${loadAfter[0]} after`;
  console.log(`Node ${node}, Linux ${kernel}, ${cpus} CPUs, ${load}, took ${seconds} s.`);
}

async function keep(report, chart, { quick, out }) {
  const folder = out ?? (quick ? undefined : join(bench, 'results'));
  if (folder === undefined) return;
  fs.mkdirSync(folder, { recursive: true });
  const file = join(folder, report.name);
  fs.writeFileSync(`${file}.json`, `${JSON.stringify(report, round, 2)}\n`);
  await drawChart(chart ?? bars(report.title, report.tables), `${file}.svg`);
}

/** Four digits after the point are more than any of it is worth. */
function round(_key, value) {
  return typeof value === 'number' && !Number.isInteger(value) ? Number(value.toFixed(4)) : value;
}
