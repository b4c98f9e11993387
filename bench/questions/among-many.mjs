// Starting and ending one child while 10, or 10,000, live. Two processes a peer, one with 10 and one
// with 10,000 children, in turns; peer after peer, since all of their children at once would be more
// than a system allows.
import { atMost } from '../lib/goals.mjs';
import { interleave } from '../lib/interleave.mjs';
import { peers } from '../lib/peers.mjs';
import { question } from '../lib/question.mjs';
import { ratioOf, summarize } from '../lib/statistics.mjs';

async function measurePeer(peer, { programs, amount, open, close }) {
  const sizes = [10, amount(10_000, 1_000)];
  const workers = [];
  for (const size of sizes) {
    const worker = open(peer);
    await worker.ask('hold', { file: programs.sleeps, count: size });
    workers.push({ size, worker });
  }
  const task = { file: programs.exits, count: amount(20, 10) };
  const turn = ({ worker }) => worker.ask('chain', task);
  await interleave(workers, 2, turn);
  const results = await interleave(workers, amount(16, 4), turn);
  for (const { worker } of workers) await worker.ask('letGo');
  for (const { worker } of workers) await close(worker);
  const [few, many] = workers.map((worker) => results.get(worker));
  return { sizes, few, many, growth: ratioOf(many, few).ratio };
}

async function measure(context) {
  const measured = new Map();
  for (const peer of context.peers) measured.set(peer, await measurePeer(peer, context));
  const ours = measured.get(peers.reapwell);
  const rowsOf = (which) =>
    [...measured].map(([peer, result]) => {
      const ratio = summarize(result[which].flat()).median / summarize(ours[which].flat()).median;
      return { name: peer.name, ...summarize(result[which].flat()), ratio };
    });
  const [few, many] = ours.sizes.map((size) => size.toLocaleString('en'));
  const growth = [...measured].map(([peer, result]) => `${peer.name} ${result.growth.toFixed(2)}`);
  return {
    tables: [
      { title: `start to exit while ${few} live`, unit: 'µs', rows: rowsOf('few') },
      { title: `start to exit while ${many} live`, unit: 'µs', rows: rowsOf('many') },
    ],
    goals: [atMost(`one child while ${many} live: × the same while ${few} live`, ours.growth, 1.3)],
    notes: [`Growth from ${few} to ${many}: ${growth.join('; ')}.`],
  };
}

await question({
  name: 'among-many',
  title: 'One child among many',
  peers: [peers.reapwell, peers.node, peers.bun, peers.deno, peers.floor],
  measure,
});
