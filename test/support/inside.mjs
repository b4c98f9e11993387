// For the programs of program.ts, which import it as '../../support/inside.mjs': what they say of
// themselves, by their own look into /proc.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** The fields behind the command: state, ppid, ... */
function statOf(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return [];
  }
}

/** The pids of all our unreaped children, live or zombie. */
export function children() {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => Number(statOf(pid)[1]) === process.pid);
}

export function isZombie(pid) {
  return statOf(pid)[0] === 'Z';
}

/** Our open descriptors, as "number link". */
export function descriptors() {
  return readdirSync('/proc/self/fd').flatMap((name) => {
    try {
      return [`${name} ${readlinkSync(`/proc/self/fd/${name}`)}`];
    } catch {
      return [];
    }
  });
}

/** Whether the condition came true within ten seconds. */
export async function until(condition) {
  for (const deadline = performance.now() + 10_000; performance.now() < deadline;) {
    if (condition()) return true;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return false;
}

/** 'started', or the error of a promise, as what JSON can carry. */
export function outcome(attempt) {
  return attempt.then(
    () => 'started',
    ({ name, code, errno, syscall, path, spawnargs, signal, cause }) => ({
      ...{ name, code, errno, syscall, path, spawnargs, signal, cause },
    }),
  );
}
