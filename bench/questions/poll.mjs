// One look at a child, beside the bare system call from C; and how many system calls it makes.
// The calls are counted by strace, between two calls that can be told apart.
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { atMost, unknown } from '../lib/goals.mjs';
import { interleave, toRows } from '../lib/interleave.mjs';
import { peers } from '../lib/peers.mjs';
import { question } from '../lib/question.mjs';
import { Worker } from '../lib/workers.mjs';

const strace = {
  name: 'strace',
  find() {
    try {
      const said = execFileSync('strace', ['--version'], { encoding: 'utf8' });
      return { version: /[0-9.]+/.exec(said)[0] };
    } catch (error) {
      return { missing: String(error.message) };
    }
  },
};

const MARKS = ['/mark/running', '/mark/running-end', '/mark/exited', '/mark/exited-end'];
const COUNTED = 1000;

/** System calls of one poll() of a child that runs, and of one that has exited. */
async function countCalls({ found, programs, keepWorker, close }) {
  const folder = fs.mkdtempSync(join(tmpdir(), 'reapwell-strace-'));
  try {
    const command = found(peers.reapwell).command;
    const traced = ['strace', '-f', '-ff', '-o', join(folder, 'calls'), ...command];
    const worker = keepWorker(new Worker('strace', traced));
    const task = { file: programs.sleeps, count: COUNTED, marks: MARKS };
    await worker.ask('pollBetweenMarks', task);
    await close(worker);
    for (const name of fs.readdirSync(folder)) {
      const calls = fs.readFileSync(join(folder, name), 'utf8').split('\n');
      const places = MARKS.map((mark) => calls.findIndex((call) => call.includes(`"${mark}"`)));
      if (places.includes(-1)) continue;
      const between = (from, to) => (places[to] - places[from] - 1) / COUNTED;
      return { running: between(0, 1), exited: between(2, 3) };
    }
    throw new Error('strace saw none of the marks');
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

async function measure(context) {
  const { programs, amount, open, missing } = context;
  const [library, floor] = [open(peers.reapwell), open(peers.floor)];
  const task = { file: programs.sleeps, count: amount(200_000, 20_000) };
  const kinds = [
    {
      name: 'reapwell, running child',
      read: async () => (await library.ask('poll', task)).running,
    },
    { name: 'reapwell, exited child', read: async () => (await library.ask('poll', task)).exited },
    { name: 'C: waitid on a pidfd, running child', read: () => floor.ask('poll', task) },
  ];
  await library.ask('poll', task);
  const results = await interleave(kinds, amount(15, 4), async ({ read }) => [await read()]);
  const rows = toRows(results, kinds[0]);
  const bare = rows[2];
  const counted = missing(strace) === undefined ? await countCalls(context) : undefined;
  const text = 'poll() of an exited child: system calls';
  return {
    tables: [{ title: 'poll()', unit: 'ns', partial: true, rows }],
    goals: [
      atMost('poll() of a running child: × waitid from C', 1 / bare.ratio, 3),
      counted ? atMost(text, counted.exited, 0, '') : unknown(text, missing(strace)),
    ],
    notes: counted
      ? [`System calls of a poll(): running ${counted.running}, exited ${counted.exited}.`]
      : [],
    details: { calls: counted },
  };
}

await question({
  name: 'poll',
  title: 'One look at a child',
  peers: [peers.reapwell, peers.floor, strace],
  measure,
});
