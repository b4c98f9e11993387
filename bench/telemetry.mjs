// What does telemetry cost a process that nobody listens in, and one in which somebody does?
//   node bench/telemetry.mjs [rounds]
// Nanoseconds for each call of what the library calls where something happens; then the same with one
// listener that does nothing; and how much of the heap a million unheard calls take.
import { channels } from '../dist/index.js';
import * as telemetry from '../dist/telemetry/publish.js';

const ROUNDS = Number(process.argv[2] ?? 2_000_000);

const identity = { pid: 1234, startTicks: 1, bootId: 'boot', inode: 1 };
const child = { pid: 1234, identity, pgid: 1234, scope: 'group' };
const program = { file: '/bin/true', spawnargs: ['/bin/true', 'argument'] };
const exit = {};
const step = {};
const termination = {};
const completion = {};

const calls = {
  'reapwell:spawn': () => telemetry.publishSpawned(program, child, undefined, 0),
  'reapwell:exit': () => telemetry.publishExit(identity, false, exit, 0),
  'reapwell:stop': () => telemetry.publishStop(identity, 'SIGSTOP'),
  'reapwell:continue': () => telemetry.publishContinue(identity),
  'reapwell:terminate:step': () => telemetry.publishStep(identity, 0, step),
  'reapwell:terminate': () => telemetry.publishTermination(identity, termination),
  'reapwell:run': () => telemetry.publishRunStart(program, 1),
  'reapwell:run, its end': () => telemetry.publishRunEnd(program, 1, completion),
  'reapwell:recover': () => telemetry.publishRecover('id', 'gone'),
};

function nanoseconds(call) {
  let best = Infinity;
  for (let round = 0; round < 5; round++) {
    const before = process.hrtime.bigint();
    for (let i = 0; i < ROUNDS; i++) call();
    best = Math.min(best, Number(process.hrtime.bigint() - before) / ROUNDS);
  }
  return best;
}

function heapOf(call) {
  global.gc?.();
  const before = process.memoryUsage().heapUsed;
  for (let i = 0; i < 1_000_000; i++) call();
  return process.memoryUsage().heapUsed - before;
}

const unheard = Object.values(calls).map(nanoseconds);
const heap = Object.values(calls).map(heapOf);
for (const channel of Object.values(channels)) channel.subscribe(() => undefined);
const heard = Object.values(calls).map(nanoseconds);

console.log('| Message | ns a call, unheard | ns a call, one listener | bytes a call, unheard |');
console.log('| --- | ---: | ---: | ---: |');
for (const [index, name] of Object.keys(calls).entries()) {
  const numbers = [
    unheard[index].toFixed(1),
    heard[index].toFixed(0),
    (heap[index] / 1e6).toFixed(3),
  ];
  console.log(`| ${name} | ${numbers.join(' | ')} |`);
}
console.log(`\nBest of five rounds of ${ROUNDS} calls, Node ${process.version}.`);
