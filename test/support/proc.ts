// What /proc says about processes: the tests' own look, independent of the library's.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

// Of x86-64 and arm64; Node's constants leave it out.
const O_PATH = 0o10000000;

export interface Stat {
  pid: number;
  command: string;
  state: string;
  ppid: number;
  pgid: number;
  sid: number;
  threads: number;
}

/** /proc/PID/stat, or undefined if there is no such process. */
export function readStat(pid: number): Stat | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return undefined;
  }
  // The command may hold anything, parentheses, blanks and newlines too: only the last one ends it.
  const open = text.indexOf('(');
  const close = text.lastIndexOf(')');
  const fields = text.slice(close + 2).split(' ');
  return {
    pid,
    command: text.slice(open + 1, close),
    state: fields[0]!,
    ppid: Number(fields[1]),
    pgid: Number(fields[2]),
    sid: Number(fields[3]),
    threads: Number(fields[17]),
  };
}

/** Every process that can be seen, zombies too. */
export function allProcesses(): Stat[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => readStat(Number(name)))
    .filter((stat) => stat !== undefined);
}

function isLive(stat: Stat | undefined): boolean {
  return stat !== undefined && stat.state !== 'Z' && stat.state !== 'X';
}

/** Exists and is not a zombie. */
export function isAlive(pid: number): boolean {
  return isLive(readStat(pid));
}

/** The live members of a process group. */
export function groupMembers(pgid: number): number[] {
  return allProcesses()
    .filter((stat) => stat.pgid === pgid && isLive(stat))
    .map((stat) => stat.pid);
}

/** Every child of this process that has not been reaped, live or zombie. */
export function ownChildren(): Stat[] {
  return allProcesses().filter((stat) => stat.ppid === process.pid);
}

/** Our own zombies: children that ended and that nobody has reaped. */
export function zombieChildren(): number[] {
  return ownChildren()
    .filter((stat) => stat.state === 'Z')
    .map((stat) => stat.pid);
}

// The reaper looks at the threads' signal masks now and then, each for a moment; and the group watcher
// lets go of its reserve while it lists processes, to take other numbers after it.
function isOfItsThreads(name: string, link: string): boolean {
  if (/^\/proc\/\d+\/task/.test(link)) return true;
  if (link !== '/dev/null') return false;
  const flags = /^flags:\s+(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${name}`, 'utf8'));
  return (parseInt(flags?.[1] ?? '0', 8) & O_PATH) !== 0;
}

/** The open descriptors of this process, number to link, without those that come and go by themselves. */
export function openDescriptors(): Map<number, string> {
  const open = new Map<number, string>();
  for (const name of readdirSync('/proc/self/fd')) {
    try {
      const link = readlinkSync(`/proc/self/fd/${name}`);
      if (!isOfItsThreads(name, link)) open.set(Number(name), link);
    } catch {
      // The directory's own descriptor, closed by now.
    }
  }
  return open;
}

/** The number of threads of this process. */
export function threadCount(): number {
  return readStat(process.pid)!.threads;
}
