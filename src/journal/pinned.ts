/**
 * SIGKILL to a whole group by one call, which reaches those, too, who fork faster than anybody can list
 * them. A group of which we hold no leader may become a stranger's between the proof and the call; so one
 * member is stopped first, which can neither leave nor end by itself, and that pins the number.
 */
import { closeSync, readFileSync } from 'node:fs';

import { decodeProcess, processInfo, type ProcessInfo } from '../child/members.js';
import { isErrno } from '../errors/index.js';
import { binding } from '../native/binding.js';
import { signalNumber } from '../signals.js';
import { Timer } from '../timer.js';

const ATTEMPTS = 10;
// A stop takes effect when the process next runs.
const STOP_LOOKS = 50;

function carries(pid: number, key: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1').includes(key);
  } catch {
    return false;
  }
}

async function becomesStopped({ pid, pgid, identity }: ProcessInfo): Promise<boolean> {
  for (let look = 0; look < STOP_LOOKS; look++) {
    const now = processInfo(pid);
    if (now?.pgid !== pgid || now.identity.startTicks !== identity.startTicks) return false;
    if (now.state === 'T') return true;
    if (now.state === 'Z' || now.state === 'X') return false;
    await new Promise<void>((resolve) => void new Timer(1, resolve));
  }
  return false;
}

/** By pidfd, or by number where that can't be had or signalled. */
function stop(member: ProcessInfo, key: string): boolean {
  const pidfd = binding.pidfdOpen(member.pid, 0);
  if (isErrno(pidfd, 'ESRCH')) return false;
  try {
    // Read after the pidfd was opened: if that one can be stopped, what was read was its own.
    if (!carries(member.pid, key)) return false;
    const sent = pidfd < 0 ? pidfd : binding.pidfdSendSignal(pidfd, signalNumber('SIGSTOP'), 0);
    if (sent === 0 || isErrno(sent, 'ESRCH')) return sent === 0;
    const now = processInfo(member.pid);
    if (now?.identity.startTicks !== member.identity.startTicks) return false;
    return binding.kill(member.pid, signalNumber('SIGSTOP')) === 0;
  } finally {
    if (pidfd >= 0) closeSync(pidfd);
  }
}

/** `key`: the cookie that proves a member. */
async function killOnce(pgid: number, key: string): Promise<boolean> {
  for (const fields of binding.listGroup(pgid) ?? []) {
    const member = decodeProcess(fields);
    if (member.state === 'D') continue; // its environment would be waited for
    if (!stop(member, key)) continue;
    if (await becomesStopped(member)) return binding.killpg(pgid, signalNumber('SIGKILL')) === 0;
  }
  return false;
}

/** False: no member could be stopped in time, or none carries the cookie. */
export async function killPinnedGroup(pgid: number, key: string): Promise<boolean> {
  if (pgid <= 1 || pgid === binding.getpgid(0)) return false;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (await killOnce(pgid, key)) return true;
  }
  return false;
}
