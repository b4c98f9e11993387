/** Where the numbers of a record mean anything: this boot, and this pid namespace. */
import { readFileSync, readlinkSync } from 'node:fs';

import { identityOf } from '../identity.js';

export interface World {
  readonly bootId: string;
  /** '' where /proc can't be read. */
  readonly pidNamespace: string;
}

let cached: World | undefined;

/** The namespace's inode may be used again when it is gone; the start of its first process tells. */
function pidNamespace(): string {
  let name: string;
  try {
    name = readlinkSync('/proc/self/ns/pid');
  } catch {
    return '';
  }
  try {
    const stat = readFileSync('/proc/1/stat', 'latin1');
    return `${name}@${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''}`;
  } catch {
    return name; // hidden from us (hidepid)
  }
}

export function world(): World {
  cached ??= { bootId: identityOf(process.pid, 0).bootId, pidNamespace: pidNamespace() };
  return cached;
}

/** Whether a process of that world can be seen, and signalled, from here. */
export function isOurWorld(other: World): 'ours' | 'boot' | 'pid-namespace' {
  const { bootId, pidNamespace: here } = world();
  if (bootId === '' || other.bootId !== bootId) return 'boot';
  const [name, start] = here.split('@');
  const [otherName, otherStart] = other.pidNamespace.split('@');
  if (name === '' || name !== otherName) return 'pid-namespace';
  const told = start !== undefined && otherStart !== undefined;
  return told && start !== otherStart ? 'pid-namespace' : 'ours';
}
