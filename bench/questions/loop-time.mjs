// How long does the call that starts a program keep the event loop from anything else, and does that
// grow with the heap? A process for each of the two, in turns: in one, the library would pay for the page
// faults that a fork leaves behind. Beside the call: all that the loop's thread computes for a child from
// its start to its exit. Then every peer, and every Node, with a small heap.
import { lines } from '../lib/chart.mjs';
import { atLeast, atMost } from '../lib/goals.mjs';
import { interleave, toRows } from '../lib/interleave.mjs';
import { peers, startMixed } from '../lib/peers.mjs';
import { question } from '../lib/question.mjs';
import { summarize } from '../lib/statistics.mjs';

const HEAPS_MB = [50, 1024, 4096, 8192];
const MAJORS = [20, 22, 24, 26];
/** Samples of child_process in a round: it takes up to 0.2 s each. */
const theirCount = (megabytes) => (megabytes > 2000 ? 5 : 25);
const OUR_COUNT = 100;
/** Until what runs is compiled. */
const WARM_UP_ROUNDS = 4;

const contenders = [
  { name: 'reapwell', adapter: 'reapwell' },
  { name: 'node:child_process', adapter: 'child-process' },
];

async function withHeap({ programs, keepWorker, close }, megabytes, major, rounds) {
  const workers = new Map();
  for (const one of contenders) {
    const worker = keepWorker(startMixed(`${one.name}, ${megabytes} MB`, [one.adapter], { major }));
    workers.set(one, worker);
    await worker.ask('fill', { megabytes });
  }
  const cpu = new Map(contenders.map((one) => [one, []]));
  const turn = async (one) => {
    const count = one.name === 'reapwell' ? OUR_COUNT : theirCount(megabytes);
    const result = await workers.get(one).ask('block', { file: programs.exits, count });
    cpu.get(one).push(result.cpu);
    return result.samples;
  };
  await interleave(contenders, WARM_UP_ROUNDS, turn);
  for (const list of cpu.values()) list.length = 0;
  const results = await interleave(contenders, rounds, turn);
  const rows = toRows(results, contenders[0]);
  for (const [i, one] of contenders.entries()) {
    const known = cpu.get(one).filter((value) => value !== null);
    rows[i].cpuPerChild = known.length > 0 ? summarize(known).median : undefined;
  }
  for (const worker of workers.values()) await close(worker);
  return rows;
}

const gigabytes = (megabytes) => (megabytes < 1000 ? `${megabytes} MB` : `${megabytes / 1024} GB`);

async function measure(context) {
  const { amount } = context;
  const tables = [];
  const byHeap = new Map();
  for (const megabytes of amount(HEAPS_MB, [50, 1024])) {
    const rows = await withHeap(context, megabytes, undefined, amount(20, 3));
    byHeap.set(megabytes, rows);
    tables.push({ title: `heap ${gigabytes(megabytes)}`, unit: 'µs', partial: true, rows });
  }
  tables.push(await everyPeerSmall(context));
  for (const major of MAJORS) {
    const rows = await withHeap(context, 50, major, amount(6, 2));
    tables.push({ title: `Node ${major}, heap 50 MB`, unit: 'µs', partial: true, rows });
  }
  return { tables, goals: judge(byHeap), notes: [noteOnCpu(byHeap)], chart: chart(byHeap) };
}

async function everyPeerSmall({ peers: present, programs, amount, open }) {
  const workers = new Map(present.map((peer) => [peer, open(peer)]));
  const task = { file: programs.exits, count: 25 };
  for (const worker of workers.values())
    await worker.ask('block', { ...task, count: amount(300, 50) });
  const results = await interleave(present, amount(12, 2), async (peer) => {
    return (await workers.get(peer).ask('block', task)).samples;
  });
  return { title: 'every peer, small heap', unit: 'µs', rows: toRows(results, peers.reapwell) };
}

function judge(byHeap) {
  const goals = [];
  for (const [megabytes, limit] of [
    [50, 100],
    [4096, 5000],
  ]) {
    const rows = byHeap.get(megabytes);
    if (rows === undefined) continue;
    for (const what of ['median', 'p99']) {
      const text = `loop time of a spawn, ${gigabytes(megabytes)}, ${what}: child_process / reapwell`;
      goals.push(atLeast(text, rows[1][what] / rows[0][what], limit));
    }
  }
  const ours = [...byHeap.values()].map(([row]) => row);
  for (const what of ['median', 'p99']) {
    const text = `loop time of a spawn, ${what}: largest heap × smallest`;
    goals.push(atMost(text, ours.at(-1)[what] / ours[0][what], 1.5));
  }
  return goals;
}

function noteOnCpu(byHeap) {
  const parts = [...byHeap].map(([megabytes, rows]) => {
    const [ours, theirs] = rows.map(({ cpuPerChild }) => cpuPerChild?.toFixed(0));
    return `${gigabytes(megabytes)}: ${ours} and ${theirs}`;
  });
  return `All that the loop's thread computes for a child, start to exit, µs, reapwell and child_process: ${parts.join('; ')}.`;
}

function chart(byHeap) {
  const values = [...byHeap].flatMap(([megabytes, rows]) =>
    rows.flatMap(({ name, median, p99 }) => [
      { x: megabytes, y: median, series: `${name}, median` },
      { x: megabytes, y: p99, series: `${name}, p99` },
    ]),
  );
  const axes = { x: 'heap, MB', y: 'µs of the event loop', logX: true, logY: true };
  return lines('Event-loop time of one spawn', values, axes);
}

await question({
  name: 'loop-time',
  title: 'Event-loop time of one spawn',
  peers: [
    peers.reapwell,
    peers.node,
    peers.execa,
    peers.tinyexec,
    peers['nano-spawn'],
    peers.bun,
    peers.deno,
  ],
  measure,
});
