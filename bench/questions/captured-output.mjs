// run('echo', …) and its like: from the call to the text that a small program has printed.
import { atLeast, unknown } from '../lib/goals.mjs';
import { interleave, toRows } from '../lib/interleave.mjs';
import { everyPeer, peers } from '../lib/peers.mjs';
import { question } from '../lib/question.mjs';

const task = { file: 'echo', args: ['hello'], expected: 'hello' };

async function measure({ peers: present, amount, open, missing }) {
  const workers = new Map(present.map((peer) => [peer, open(peer)]));
  for (const worker of workers.values())
    await worker.ask('capture', { ...task, count: amount(200, 50) });
  const count = amount(40, 15);
  const results = await interleave(present, amount(24, 3), (peer) =>
    workers.get(peer).ask('capture', { ...task, count }),
  );
  const rows = toRows(results, peers.reapwell);
  const ratios = new Map(rows.map(({ name, ratio }) => [name, ratio]));
  const goal = (judge, text, peer, limit) => {
    const value = ratios.get(peer.name);
    return value === undefined ? unknown(text, missing(peer)) : judge(text, value, limit);
  };
  return {
    tables: [{ title: "run('echo', ['hello'])", unit: 'µs', rows }],
    goals: [
      goal(atLeast, 'echo captured: execa / reapwell', peers.execa, 5),
      goal(atLeast, 'echo captured: execFile / reapwell', peers.node, 2.5),
      goal(atLeast, 'echo captured: Bun.spawn / reapwell', peers.bun, 1),
    ],
  };
}

await question({
  name: 'captured-output',
  title: 'A small program with captured output',
  peers: everyPeer,
  measure,
});
