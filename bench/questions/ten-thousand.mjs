// 10,000 children started, and then all of them ended: until the last exit is known.
import { atMost } from '../lib/goals.mjs';
import { interleave, toRows } from '../lib/interleave.mjs';
import { peers } from '../lib/peers.mjs';
import { question } from '../lib/question.mjs';
import { ratioOf } from '../lib/statistics.mjs';

async function measure({ peers: present, programs, amount, open }) {
  const count = amount(10_000, 500);
  const workers = new Map(present.map((peer) => [peer, open(peer)]));
  const both = new Map(present.map((peer) => [peer, []]));
  const turn = (size) => async (peer) => {
    const worker = workers.get(peer);
    const started = await worker.ask('hold', { file: programs.sleeps, count: size });
    const ended = await worker.ask('letGo');
    both.get(peer).push({ started: started / 1000, ended: ended / 1000 });
    return [(started + ended) / 1000];
  };
  await interleave(present, 1, turn(200));
  for (const list of both.values()) list.length = 0;
  const results = await interleave(present, amount(3, 2), turn(count));
  const part = (which) =>
    new Map(present.map((peer) => [peer, both.get(peer).map((one) => [one[which]])]));
  const times = (peer) => ratioOf(results.get(peers.reapwell), results.get(peer)).ratio;
  const name = count.toLocaleString('en');
  return {
    tables: [
      [results, `${name} started, then all ended`],
      [part('started'), `${name} started`],
      [part('ended'), `${name} ended`],
    ].map(([of, title]) => ({ title, unit: 'ms', rows: toRows(of, peers.reapwell) })),
    goals: [
      atMost(`${name} started, then ended: × node:child_process`, times(peers.node), 0.5),
      atMost(`${name} started, then ended: × C`, times(peers.floor), 1.2),
    ],
  };
}

await question({
  name: 'ten-thousand',
  title: '10,000 children at once',
  peers: [peers.reapwell, peers.node, peers.bun, peers.floor],
  measure,
});
