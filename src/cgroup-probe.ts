/** Whether this process could give a child a cgroup of its own. Tried, not read off a version. */
import { accessSync, constants, mkdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';

import { monotonicNs } from './clock.js';

export interface CgroupCapability {
  /** The cgroup v2 folder that this process is in, or null where no cgroup v2 is mounted. */
  readonly path: string | null;
  /** A child cgroup can be made there, and processes moved into it. */
  readonly writable: boolean;
  /** The kernel can end a whole cgroup by one write (Linux 5.14). */
  readonly kill: boolean;
}

const NONE: CgroupCapability = Object.freeze({ path: null, writable: false, kill: false });

/** Undoes the octal escapes of /proc/self/mountinfo (space, tab, newline, backslash). */
function unescapeMount(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  );
}

/**
 * The folder of our own cgroup, under whichever v2 mount (unified or hybrid) there is; null where there
 * is none, or /proc can't be read.
 */
export function ownCgroup(): string | null {
  try {
    return findOwnCgroup();
  } catch {
    return null;
  }
}

function findOwnCgroup(): string | null {
  const own = /^0::(.*)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8'))?.[1];
  if (own === undefined) return null;
  for (const line of readFileSync('/proc/self/mountinfo', 'utf8').split('\n')) {
    const [mount, type] = line.split(' - ');
    if (mount === undefined || type?.startsWith('cgroup2 ') !== true) continue;
    const [, , , root = '/', point = ''] = mount.split(' ');
    const inside = root === '/' ? own : own.startsWith(root) ? own.slice(root.length) : null;
    if (inside !== null) return join(unescapeMount(point), inside);
  }
  return null;
}

export function probeCgroup(): CgroupCapability {
  const path = ownCgroup();
  if (path === null) return NONE;
  const trial = join(path, `reapwell-trial-${process.pid}-${monotonicNs()}`);
  try {
    mkdirSync(trial);
  } catch {
    return { path, writable: false, kill: false };
  }
  const writable = (name: string): boolean => {
    try {
      accessSync(join(trial, name), constants.W_OK);
      return true;
    } catch {
      return false;
    }
  };
  const found = { path, writable: writable('cgroup.procs'), kill: writable('cgroup.kill') };
  rmdirSync(trial);
  return found;
}
