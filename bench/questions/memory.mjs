// What a live child without pipes costs its parent: resident memory and descriptors. Measured from
// outside, between two numbers of live children, after a collection of garbage, so that whatever is
// there once for all is left out.
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
  // Few: room that many had once taken would be free for those that are measured.
  await worker.ask('hold', { file, count: 200 });
  const before = await observe();
  const count = amount(8000, 2000);
  await worker.ask('hold', { file, count });
  const after = await observe();
  await worker.ask('letGo');
  await close(worker);
  return {
    bytes: (after.rssBytes - before.rssBytes) / count,
    descriptors: (after.descriptors - before.descriptors) / count,
  };
}

async function measure(context) {
  const memory = [];
  const descriptors = [];
  for (const peer of context.peers) {
    const runs = [];
    for (let round = 0; round < context.amount(2, 1); round++) {
      runs.push(await costOf(peer, context));
    }
    memory.push({ name: peer.name, ...summarize(runs.map(({ bytes }) => bytes / 1024)) });
    descriptors.push({ name: peer.name, ...summarize(runs.map((run) => run.descriptors)) });
  }
  const compare = (rows) => rows.map((row) => ({ ...row, ratio: row.median / rows[0].median }));
  return {
    tables: [
      { title: 'resident memory of a live child', unit: 'KB', rows: compare(memory) },
      { title: 'descriptors of a live child', unit: '', rows: compare(descriptors) },
    ],
    goals: [
      atMost('memory per live child without pipes', memory[0].median, 4, 'KB'),
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
