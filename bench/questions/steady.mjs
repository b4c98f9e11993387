// 1,000 spawns a second for a minute: do resident memory, descriptors and threads stay flat? Seen from
// outside, twice a second; the last quarter is compared with the first.
import { setTimeout as delay } from 'node:timers/promises';
import { lines } from '../lib/chart.mjs';
import { atMost, atLeast } from '../lib/goals.mjs';
import { peers } from '../lib/peers.mjs';
import { look } from '../lib/proc.mjs';
import { question } from '../lib/question.mjs';
import { median, summarize } from '../lib/statistics.mjs';

const RATE = 1000;
const INTERVAL_MS = 500;

async function watch(peer, { programs, open, close }, seconds) {
  const worker = open(peer);
  // What is allocated once is there before the first look.
  await worker.ask('pace', { file: programs.exits, rate: RATE, seconds: 10 });
  const course = [];
  let over = false;
  const paced = worker.ask('pace', { file: programs.exits, rate: RATE, seconds }).finally(() => {
    over = true;
  });
  paced.catch(() => undefined);
  const begin = performance.now();
  for (let at = 0; !over; at += INTERVAL_MS) {
    await Promise.race([delay(begin + at - performance.now()), paced]);
    if (!over) course.push({ seconds: at / 1000, ...look(worker.pid) });
  }
  const achieved = await paced;
  await close(worker);
  return { course, achieved };
}

/** Descriptors come and go with the children of the moment, so the fewest are what stays. */
const fewest = (values) => Math.min(...values);

function quarters(course, field, pick) {
  const size = Math.max(1, Math.floor(course.length / 4));
  const of = (part) => pick(part.map((one) => one[field]));
  return { first: of(course.slice(0, size)), last: of(course.slice(-size)) };
}

async function measure(context) {
  const results = new Map();
  const seconds = new Map([
    [peers.reapwell, context.amount(60, 6)],
    [peers.node, context.amount(15, 3)],
  ]);
  for (const peer of context.peers) {
    results.set(peer, await watch(peer, context, seconds.get(peer)));
  }
  const table = (title, unit, field, scale = 1) => ({
    ...{ title, unit },
    rows: [...results].map(([peer, { course }]) => ({
      name: peer.name,
      ...summarize(course.map((one) => one[field] / scale)),
    })),
  });
  const ours = results.get(peers.reapwell);
  const rss = quarters(ours.course, 'rssBytes', median);
  const descriptors = quarters(ours.course, 'descriptors', fewest);
  const threads = quarters(ours.course, 'threads', median);
  const rates = [...results].map(([peer, { achieved }]) => {
    const rate = (achieved.total / achieved.seconds).toFixed(0);
    return `${peer.name} ${rate} a second, at most ${achieved.mostAtOnce} at once`;
  });
  const { total, seconds: took } = ours.achieved;
  const values = ours.course.map((one) => ({
    x: one.seconds,
    y: one.rssBytes / 2 ** 20,
    series: 'reapwell, RSS in MB',
  }));
  return {
    tables: [
      table('resident memory', 'MB', 'rssBytes', 2 ** 20),
      table('descriptors', 'open', 'descriptors'),
      table('threads', 'alive', 'threads'),
    ],
    goals: [
      atLeast('spawns a second that were kept up', total / took, RATE * 0.99, 'a second'),
      atMost('resident memory: last quarter × first', rss.last / rss.first, 1.05),
      atMost('descriptors: last quarter − first', descriptors.last - descriptors.first, 0, ''),
      atMost('threads: last quarter − first', threads.last - threads.first, 0, ''),
    ],
    notes: [`Achieved: ${rates.join('; ')}.`],
    chart: lines('1,000 spawns a second', values, { x: 'seconds', y: 'MB' }),
    details: Object.fromEntries([...results].map(([peer, result]) => [peer.name, result])),
  };
}

await question({
  name: 'steady',
  title: '1,000 spawns a second',
  peers: [peers.reapwell, peers.node],
  measure,
});
