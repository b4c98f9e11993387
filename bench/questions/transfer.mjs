// 10 MB through standard input, through standard output, and through both at once, by cat.
import { atMost } from '../lib/goals.mjs';
import { interleave, toRows } from '../lib/interleave.mjs';
import { everyPeer, peers } from '../lib/peers.mjs';
import { question } from '../lib/question.mjs';
import { ratioOf } from '../lib/statistics.mjs';

async function measure({ peers: present, programs, amount, open }) {
  const workers = new Map(present.map((peer) => [peer, open(peer)]));
  const { bytes, data } = programs;
  const cases = [
    { title: '10 MB from its output', task: { args: [data], wanted: bytes } },
    { title: '10 MB to its input', task: { args: [], bytes } },
    { title: '10 MB to its input and from its output', task: { args: [], bytes, wanted: bytes } },
  ];
  const tables = [];
  const goals = [];
  for (const { title, task } of cases) {
    const turn = (peer) => workers.get(peer).ask('transfer', { file: 'cat', ...task, count: 3 });
    await interleave(present, 1, turn);
    const results = await interleave(present, amount(12, 2), turn);
    const inMs = new Map(
      [...results].map(([peer, rounds]) => [
        peer,
        rounds.map((list) => list.map((us) => us / 1000)),
      ]),
    );
    tables.push({ title, unit: 'ms', rows: toRows(inMs, peers.reapwell) });
    const { ratio } = ratioOf(results.get(peers.reapwell), results.get(peers.node));
    goals.push(atMost(`${title}: time × node:child_process`, ratio, 1));
  }
  return { tables, goals };
}

await question({
  name: 'transfer',
  title: '10 MB through cat',
  peers: everyPeer.filter((peer) => peer !== peers.floor),
  measure,
});
