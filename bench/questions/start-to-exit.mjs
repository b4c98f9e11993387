// How long does it take from the call that starts a program to its exit being known?
// One at a time: each one's time. 16 at a time: the time for all of them, divided by their number.
import { atMost, unknown } from '../lib/goals.mjs';
import { interleave, toRows } from '../lib/interleave.mjs';
import { everyPeer, peers } from '../lib/peers.mjs';
import { question } from '../lib/question.mjs';

const CASES = [
  { key: 'static1', title: 'static program, one at a time', program: 'exits', concurrency: 1 },
  { key: 'static16', title: 'static program, 16 at a time', program: 'exits', concurrency: 16 },
  { key: 'true1', title: '/bin/true, one at a time', program: '/bin/true', concurrency: 1 },
  { key: 'true16', title: '/bin/true, 16 at a time', program: '/bin/true', concurrency: 16 },
];

/** The goals, by case and peer. */
const GOALS = [
  ['static1', peers.floor, 1.0],
  ['static1', peers.bun, 0.7],
  ['static16', peers.floor, 0.65],
  ['static16', peers.bun, 0.65],
  ['true1', peers.floor, 1.05],
  ['true16', peers.floor, 0.9],
];

async function measure({ peers: present, programs, amount, open, missing }) {
  const workers = new Map(present.map((peer) => [peer, open(peer)]));
  const tables = [];
  const ratios = {};
  for (const { key, title, program, concurrency } of CASES) {
    const task = { file: programs[program] ?? program, concurrency };
    task.count = concurrency === 1 ? amount(50, 20) : amount(160, 64);
    for (const worker of workers.values())
      await worker.ask('chain', { ...task, count: amount(256, 64) });
    const rounds = concurrency === 1 ? amount(24, 3) : amount(16, 3);
    const results = await interleave(present, rounds, (peer) =>
      workers.get(peer).ask('chain', task),
    );
    const rows = toRows(results, peers.reapwell);
    tables.push({ title, unit: 'µs', rows });
    ratios[key] = new Map(rows.map(({ name, ratio }) => [name, 1 / ratio]));
  }
  await nodeItself(workers, tables, present, amount);
  const goals = GOALS.map(([key, peer, limit]) => {
    const text = `start to exit, ${CASES.find((one) => one.key === key).title}: × ${peer.name}`;
    const value = ratios[key].get(peer.name);
    return value === undefined ? unknown(text, missing(peer)) : atMost(text, value, limit);
  });
  return { tables, goals };
}

/** A large program: what the start costs matters little beside it. */
async function nodeItself(workers, tables, present, amount) {
  const few = present.filter((peer) => [peers.reapwell, peers.node, peers.bun].includes(peer));
  const task = { file: process.execPath, args: ['-e', '0'], count: 4 };
  const results = await interleave(few, amount(5, 1), (peer) =>
    workers.get(peer).ask('chain', task),
  );
  tables.push({
    title: 'node -e 0, one at a time',
    unit: 'µs',
    partial: true,
    rows: toRows(results, peers.reapwell),
  });
}

await question({
  name: 'start-to-exit',
  title: 'From start to exit',
  peers: everyPeer,
  measure,
});
