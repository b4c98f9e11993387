// One cell of the table: starts the contender's process, waits for its word, counts, cleans up.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { setTimeout as delay } from 'node:timers/promises';
import { MARK_VARIABLE, alive, cleanUp, describe } from './marks.mjs';

const program = fileURLToPath(new URL('contend.mjs', import.meta.url));
export const GRACE_MS = 500;
/** From the request to end the job until we call it a hang; many times what any of them waits. */
const BOUND_MS = 8000;
const UP_BOUND_MS = 20_000;
/** What was killed a moment ago may still be on its way out. */
const DYING_MS = 300;
const LISTED = 5;

/** The contender's words, as they come. */
function listen(child) {
  const said = new Map();
  const waiting = new Map();
  const tell = (word) => {
    said.set(word.event, word);
    waiting.get(word.event)?.(word);
  };
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (line.startsWith('{"event"')) tell(JSON.parse(line));
  });
  let complaint = '';
  child.stderr.on('data', (chunk) => (complaint += chunk));
  child.on('exit', (code, signal) => {
    tell({ event: 'error', error: `contender exited, ${signal ?? code}: ${complaint}` });
  });
  const hear = (event) =>
    new Promise((resolve) => {
      if (said.has(event)) resolve(said.get(event));
      else waiting.set(event, resolve);
    });
  return async (events, timeoutMs) => {
    const timer = new AbortController();
    const late = delay(timeoutMs, undefined, { signal: timer.signal });
    late.catch(() => {});
    const word = await Promise.race([...events.map(hear), late]);
    timer.abort();
    return word;
  };
}

/** Returns `{ settled, left, … }`, or `{ broken }` if the job could not be put on. */
export async function contest(contender, job, provided, programs) {
  const mark = `job-${process.pid}-${process.hrtime.bigint().toString(36)}`;
  const [file, args] = job.command(mark, programs);
  const env = { PATH: process.env.PATH ?? '/usr/bin:/bin', [MARK_VARIABLE]: mark };
  const spec = { mark, file, args, env, graceMs: GRACE_MS };
  const { processes } = job;
  const child = spawn(provided.program, [program], {
    env: {
      ...process.env,
      HOSTILE_SPEC: JSON.stringify({ ...spec, processes, contender: contender.name }),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const hear = listen(child);
  try {
    const up = await hear(['up', 'not-up', 'error'], UP_BOUND_MS);
    if (up?.event !== 'up') return { broken: up?.error ?? 'the job did not come up' };
    const over = await hear(['over', 'error'], job.boundMs ?? BOUND_MS);
    if (over?.event === 'error') return { broken: over.error };
    const atOnce = alive(mark).length;
    await delay(DYING_MS);
    const left = alive(mark);
    return {
      ...{ settled: over !== undefined, left: left.length, aliveAtOnce: atOnce },
      ...{ tookMs: over?.tookMs, threw: over?.threw, result: over?.result },
      examples: left.slice(0, LISTED).map(describe),
    };
  } finally {
    child.kill('SIGKILL');
    await cleanUp(mark);
  }
}
