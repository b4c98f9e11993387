// What a live child without pipes costs its parent: resident memory and descriptors. Seen from outside,
// after collections of garbage. Children are added in equal steps, and the first step is not counted:
// the room that starting them takes, and that a garbage collector keeps for the next time, is its.
import { atMost } from '../lib/goals.mjs';
import { peers } from '../lib/peers.mjs';
import { look } from '../lib/proc.mjs';
import { question } from '../lib/question.mjs';
import { summarize } from '../lib/statistics.mjs';

async function costOf(peer, { programs, amount, open, close }) {
  const worker = open(peer);
  const file = programs.sleeps;
  const observe = async () => {
    await worker.ask('settle');
    return look(worker.pid);
  };
  const size = amount(1000, 500);
  const steps = [];
  await worker.ask('hold', { file, count: size });
  let before = await observe();
  for (let step = 0; step < amount(4, 3); step++) {
    await worker.ask('hold', { file, count: size });
    const after = await observe();
    steps.push({
      bytes: (after.rssBytes - before.rssBytes) / size,
      descriptors: (after.descriptors - before.descriptors) / size,
    });
    before = after;
  }
  await worker.ask('letGo');
  await close(worker);
  return steps;
}

/** Their mean: a process takes memory by the megabyte, so that a single step has too much or too little. */
const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

async function measure(context) {
  const memory = [];
  const descriptors = [];
  for (const peer of context.peers) {
    const steps = await costOf(peer, context);
    const kilobytes = steps.map(({ bytes }) => bytes / 1024);
    memory.push({ name: peer.name, ...summarize(kilobytes), mean: mean(kilobytes) });
    descriptors.push({ name: peer.name, ...summarize(steps.map((step) => step.descriptors)) });
  }
  const compare = (rows) => rows.map((row) => ({ ...row, ratio: row.median / rows[0].median }));
  const means = memory.map((row) => `${row.name} ${row.mean.toFixed(1)}`);
  return {
    tables: [
      { title: 'resident memory of a live child', unit: 'KB', rows: compare(memory) },
      { title: 'descriptors of a live child', unit: '', rows: compare(descriptors) },
    ],
    notes: [`Mean of the steps, KB: ${means.join('; ')}.`],
    goals: [
      atMost('memory per live child without pipes', memory[0].mean, 4, 'KB'),
      atMost('descriptors per live child', descriptors[0].median, 1, ''),
    ],
  };
}

await question({
  name: 'memory',
  title: 'What a live child costs',
  peers: [peers.reapwell, peers.node, peers.execa, peers.bun, peers.deno, peers.python],
  measure,
});
