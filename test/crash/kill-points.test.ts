// A supervisor that is killed at each system call of its journal and its spawns, one after the other:
// recovery finds every child, ever. Three kinds of threads take part, and each is killed at its own.
import { spawn as spawnNode, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, test } from 'vitest';
import { openJournal } from '../../src/index.js';
import { repository } from '../support/program.js';
import { waitFor } from '../support/wait-for.js';
import { killMarked, makeMark, marked } from '../scopes/marked.js';

const hasStrace = spawnSync('strace', ['-V']).status === 0;
const MOST_CALLS = 400;

interface Attempt {
  /** False: it was not killed, since it made fewer calls. */
  killed: boolean;
  /** How many children lived when it was dead. */
  left: number;
  outcomes: string[];
  /** Ended although the crash came before their pid was recorded: a list of pids would have lost them. */
  foundByCookie: number;
  /** Who lives after recovery. */
  lost: number[];
}

type Threads = [tid: number, name: string][];

/** The threads of one kind: Node's main thread, its pool, or the spawner's. */
function choose(threads: Threads, kind: string, pid: number): number[] {
  if (kind === 'main') return [pid];
  const name = kind === 'spawner' ? /^reapwell-spawn/ : /^(libuv-worker|node)$/;
  return threads.filter(([tid, comm]) => tid !== pid && name.test(comm)).map(([tid]) => tid);
}

async function strace(tids: number[], call: number): Promise<ChildProcess> {
  const inject = `inject=all:signal=SIGKILL:when=${call}`;
  const targets = tids.flatMap((tid) => ['-p', String(tid)]);
  const tracer = spawnNode('strace', ['-o', '/dev/null', '-e', inject, ...targets], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  tracer.stderr.setEncoding('utf8').on('data', (chunk: string) => (said += chunk));
  const attached = (): boolean => said.split('attached').length > tids.length;
  await waitFor(attached, { what: 'strace to attach' });
  return tracer;
}

async function attempt(kind: string, call: number): Promise<Attempt> {
  const dir = mkdtempSync(join(tmpdir(), 'reapwell-kill-'));
  const mark = makeMark();
  const program = join(repository, 'test/fixtures/journalled.mjs');
  const supervisor = spawnNode(process.execPath, [program, dir], {
    env: { ...process.env, MARK: mark.slice('MARK='.length) },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  // From the start: the very first call can be that of the attaching.
  const ended = once(supervisor, 'exit');
  let tracer: ChildProcess | undefined;
  try {
    const lines = createInterface(supervisor.stdout)[Symbol.asyncIterator]();
    const ready = (await lines.next()).value as string;
    const threads = JSON.parse(ready.replace('ready ', '')) as Threads;
    tracer = await strace(choose(threads, kind, supervisor.pid ?? 0), call);
    supervisor.stdin.on('error', () => undefined).write('go\n');
    const done = lines.next().then(({ value }) => value === 'done');
    const killed = !(await done);
    supervisor.kill('SIGKILL');
    await ended;
    const left = marked(mark).length;
    const journal = await openJournal(dir);
    const recovered = await journal.recover({ grace: 2000 });
    await journal.close();
    const outcomes = recovered.map(({ outcome }) => outcome);
    const foundByCookie = recovered.filter(
      ({ outcome, entry }) => outcome === 'ended' && entry.identity === undefined,
    ).length;
    return { killed, left, outcomes, foundByCookie, lost: marked(mark).map(({ pid }) => pid) };
  } finally {
    tracer?.kill('SIGKILL');
    supervisor.kill('SIGKILL');
    killMarked(mark);
    rmSync(dir, { recursive: true, force: true });
  }
}

test.skipIf(!hasStrace).each(['main', 'pool', 'spawner'])(
  'killed at any call of its %s thread, no child is lost (needs strace)',
  async (kind) => {
    let left = 0;
    let foundByCookie = 0;
    for (let call = 1; call < MOST_CALLS; call++) {
      const seen = await attempt(kind, call);
      expect(seen.lost, `after a kill at call ${call}: ${JSON.stringify(seen)}`).toEqual([]);
      left += seen.left;
      foundByCookie += seen.foundByCookie;
      if (!seen.killed) break;
      expect(call + 1, 'it is never done').toBeLessThan(MOST_CALLS);
    }
    // Else there was nothing to be lost.
    expect(left).toBeGreaterThan(0);
    if (kind === 'spawner') expect(foundByCookie).toBeGreaterThan(0);
  },
  600_000,
);
