/** Live members of a scope, as /proc shows them. */
import { readFileSync } from 'node:fs';

import { NoProcError } from '../errors/index.js';
import { identityOf, type ProcessIdentity } from '../identity.js';
import { binding, type ProcessFields } from '../native/binding.js';

export interface ProcessInfo {
  readonly pid: number;
  readonly ppid: number;
  readonly pgid: number;
  readonly sid: number;
  /** One letter of proc(5): 'R', 'S', 'D' (uninterruptible), 'T' (stopped), 't' (traced), ... */
  readonly state: string;
  /** The kernel's name for it: the program's, at most 15 bytes. */
  readonly command: string;
  readonly identity: ProcessIdentity;
}

export function decodeProcess([
  pid,
  ppid,
  pgid,
  sid,
  state,
  command,
  ticks,
]: ProcessFields): ProcessInfo {
  return { pid, ppid, pgid, sid, state, command, identity: identityOf(pid, ticks) };
}

/** Throws NoProcError. */
export function groupMembers(pgid: number): ProcessInfo[] {
  const fields = binding.listGroup(pgid);
  if (fields === null) throw new NoProcError();
  return fields.map(decodeProcess);
}

/** Of a session, a tree or a cgroup. Throws NoProcError. */
export function wideMembers(id: number): ProcessInfo[] {
  const fields = binding.listScope(id);
  if (fields === null) throw new NoProcError();
  return fields.map(decodeProcess);
}

export function processInfo(pid: number): ProcessInfo | undefined {
  return binding.readProcess(pid).map(decodeProcess)[0];
}

/** The kernel function that a process in state 'D' hangs in; undefined where that is not told. */
export function waitChannel(pid: number): string | undefined {
  try {
    const name = readFileSync(`/proc/${pid}/wchan`, 'utf8');
    return name === '' || name === '0' ? undefined : name;
  } catch {
    return undefined;
  }
}

/** The pid of the process that traces it, 0 for none. */
export function tracerOf(pid: number): number {
  try {
    return Number(
      /^TracerPid:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0,
    );
  } catch {
    return 0;
  }
}
