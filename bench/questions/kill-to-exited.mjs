// From the request to end a child that waits, by SIGTERM, to the promise of its exit.
import { atMost, unknown } from '../lib/goals.mjs';
import { interleave, toRows } from '../lib/interleave.mjs';
import { everyPeer, peers } from '../lib/peers.mjs';
import { question } from '../lib/question.mjs';
import { quantile, ratioOf } from '../lib/statistics.mjs';

const p99 = (samples) => quantile(Float64Array.from(samples).sort(), 0.99);

/** A p99 needs more samples than a round has: four groups of rounds. */
function inGroups(rounds) {
  const size = Math.ceil(rounds.length / 4);
  const starts = [...rounds.keys()].filter((start) => start % size === 0);
  return starts.map((start) => rounds.slice(start, start + size).flat());
}

async function measure({ peers: present, programs, amount, open, missing }) {
  const task = { file: programs.sleeps, count: amount(50, 20) };
  const workers = new Map(present.map((peer) => [peer, open(peer)]));
  for (const worker of workers.values())
    await worker.ask('end', { ...task, count: amount(200, 50) });
  const results = await interleave(present, amount(40, 4), (peer) =>
    workers.get(peer).ask('end', task),
  );
  const goals = [peers.node, peers.bun].flatMap((peer) => {
    const texts = ['median', 'p99'].map((what) => `kill to exited, ${what}: × ${peer.name}`);
    if (missing(peer) !== undefined) return texts.map((text) => unknown(text, missing(peer)));
    const [ours, theirs] = [results.get(peers.reapwell), results.get(peer)];
    const tail = ratioOf(inGroups(ours), inGroups(theirs), p99).ratio;
    return [atMost(texts[0], ratioOf(ours, theirs).ratio, 1), atMost(texts[1], tail, 1)];
  });
  const rows = toRows(results, peers.reapwell);
  return { tables: [{ title: 'SIGTERM to exited', unit: 'µs', rows }], goals };
}

await question({
  name: 'kill-to-exited',
  title: 'From kill to exited',
  peers: everyPeer,
  measure,
});
