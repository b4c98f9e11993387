// The independent observer: which processes of a marked job are alive, by what /proc says.
import { readFileSync, readdirSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

export const MARK_VARIABLE = 'HOSTILE_JOB';

function read(path) {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

/** The whole word only: the contender knows the mark as well, inside other words. */
function carries(pid, mark) {
  const has = (file, word) => read(`/proc/${pid}/${file}`).split('\0').includes(word);
  return has('environ', `${MARK_VARIABLE}=${mark}`) || has('cmdline', mark);
}

/** 'Z' and 'X' are dead; so is who has gone while we looked. */
function stateOf(pid) {
  const stat = read(`/proc/${pid}/stat`);
  return stat.slice(stat.lastIndexOf(')') + 2)[0] ?? 'X';
}

/** The pids of the job's processes that are alive. */
export function alive(mark) {
  return readdirSync('/proc')
    .filter((name) => /^[0-9]+$/.test(name))
    .map(Number)
    .filter((pid) => !'ZX'.includes(stateOf(pid)) && carries(pid, mark));
}

/** What each of them is, for the JSON file. */
export function describe(pid) {
  const [, state, ppid, pgid, sid] =
    /^\d+ \(.*\) (\S) (\d+) (\d+) (\d+)/s.exec(read(`/proc/${pid}/stat`)) ?? [];
  const command = read(`/proc/${pid}/cmdline`).split('\0').join(' ').trim();
  return { pid, state, ppid: Number(ppid), pgid: Number(pgid), sid: Number(sid), command };
}

export async function untilAlive(mark, count, timeoutMs) {
  const deadline = performance.now() + timeoutMs;
  while (alive(mark).length < count) {
    if (performance.now() > deadline) return false;
    await delay(20);
  }
  return true;
}

function signalAll(mark, signal) {
  const pids = alive(mark);
  for (const pid of pids) {
    // Looked at again, since the number may have become another's.
    if (!carries(pid, mark)) continue;
    try {
      process.kill(pid, signal);
    } catch (error) {
      if (error.code !== 'ESRCH') throw error;
    }
  }
  return pids.length;
}

/** Ends what is left of a job: frozen until nothing new appears, so that nothing is replaced. */
export async function cleanUp(mark) {
  for (let round = 0; round < 50; round++) {
    for (let known = -1, seen = 0; seen !== known;) {
      known = seen;
      seen = signalAll(mark, 'SIGSTOP');
    }
    if (signalAll(mark, 'SIGKILL') === 0) return;
    await delay(20);
  }
  throw new Error(`could not end what is left of ${mark}: ${alive(mark).join(' ')}`);
}
