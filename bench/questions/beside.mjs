// Does node:child_process hear of its own exits later because this library is in the same process?
// Three processes in turns: without the library, with it and SIGCHLD claimed, with it and SIGCHLD shared.
import { atMost } from '../lib/goals.mjs';
import { interleave, toRows } from '../lib/interleave.mjs';
import { peers, startMixed } from '../lib/peers.mjs';
import { question } from '../lib/question.mjs';
import { ratioOf } from '../lib/statistics.mjs';

const both = ['child-process', 'reapwell'];

async function measure({ programs, amount, keepWorker }) {
  const kinds = [
    { name: 'alone', adapters: ['child-process'] },
    { name: 'beside reapwell, SIGCHLD claimed', adapters: both },
    { name: 'the same, with 100 live children', adapters: both, live: 100 },
    { name: 'beside reapwell, SIGCHLD shared', adapters: both, env: { REAPWELL_SIGCHLD: 'share' } },
  ];
  for (const kind of kinds) {
    kind.worker = keepWorker(startMixed(kind.name, kind.adapters, { env: kind.env }));
    // The claim is made by the first spawn; a child that lives keeps the library at work.
    const held = { peer: 'reapwell', file: programs.sleeps, count: kind.live ?? 1 };
    if (kind.adapters === both) await kind.worker.ask('hold', held);
  }
  const task = { file: programs.sleeps, count: amount(50, 20) };
  const turn = (op, file) => (kind) => kind.worker.ask(op, { ...task, file });
  await interleave(kinds, 2, turn('end', programs.sleeps));
  const rounds = amount(40, 4);
  const ends = await interleave(kinds, rounds, turn('end', programs.sleeps));
  const starts = await interleave(kinds, rounds, turn('chain', programs.exits));
  for (const kind of kinds.filter(({ adapters }) => adapters === both)) {
    await kind.worker.ask('letGo', { peer: 'reapwell' });
  }
  const times = (results, place) => ratioOf(results.get(kinds[place]), results.get(kinds[0])).ratio;
  return {
    tables: [
      [ends, "child_process's own: kill to 'exit'"],
      [starts, "child_process's own: start to 'exit'"],
    ].map(([results, title]) => {
      const rows = toRows(results, kinds[0]);
      return { title, unit: 'µs', partial: true, base: 'alone', rows };
    }),
    goals: [
      atMost("child_process's exit latency, claim on: × without the library", times(ends, 1), 1.1),
    ],
    details: { withHundredLive: times(ends, 2), shared: times(ends, 3), start: times(starts, 1) },
  };
}

await question({
  name: 'beside',
  title: 'node:child_process beside the library',
  peers: [peers.reapwell, peers.node],
  measure,
});
