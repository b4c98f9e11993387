// One contender and one job, in a process of their own. Says on stdout, a JSON line each, when the job
// is up and when it is over; then stays, so that nothing is ended by our own end before it is counted.
import { setTimeout as delay } from 'node:timers/promises';
import { contenders } from './contenders.mjs';
import { untilAlive } from './marks.mjs';

const spec = JSON.parse(process.env.HOSTILE_SPEC);
const UP_TIMEOUT_MS = 10_000;
/** For what comes after the last process has appeared: a trap, a stop. */
const SETTLE_MS = 400;

const say = (event, more = {}) => process.stdout.write(`${JSON.stringify({ event, ...more })}\n`);

const stay = setInterval(() => {}, 60_000);
process.on('uncaughtException', (error) => say('error', { error: String(error) }));

async function main() {
  const { start } = contenders.find(({ name }) => name === spec.contender);
  const end = await start(spec);
  if (!(await untilAlive(spec.mark, spec.processes, UP_TIMEOUT_MS))) {
    say('not-up');
    return;
  }
  await delay(SETTLE_MS);
  say('up');
  const before = performance.now();
  try {
    const result = await end();
    say('over', { tookMs: Math.round(performance.now() - before), result });
  } catch (error) {
    const message = String(error.message ?? error);
    say('over', { tookMs: Math.round(performance.now() - before), threw: message });
  }
}

await main().catch((error) => {
  say('error', { error: String(error.stack) });
  clearInterval(stay);
});
