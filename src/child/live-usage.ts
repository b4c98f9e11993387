/** What a living process has used so far, from /proc. */
import { readFileSync } from 'node:fs';

import { NO_USAGE, type ResourceUsage } from '../exit.js';

// USER_HZ: what the kernel counts CPU time in towards user space, 100 on every architecture of ours.
const MS_PER_TICK = 10;

function read(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}

function field(text: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s*(\\d+)`, 'm').exec(text)?.[1] ?? 0);
}

/** Zeros where /proc can't be read. The caller makes sure that the number is still the process's. */
export function liveUsage(pid: number): ResourceUsage {
  const stat = read(pid, 'stat');
  if (stat === '') return NO_USAGE;
  // Field 3 of proc(5) follows the last parenthesis.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const number = (index: number): number => Number(fields[index - 3]);
  const status = read(pid, 'status');
  const io = read(pid, 'io');
  return {
    userCpuMs: number(14) * MS_PER_TICK,
    systemCpuMs: number(15) * MS_PER_TICK,
    maxRssBytes: field(status, 'VmHWM') * 1024,
    minorPageFaults: number(10),
    majorPageFaults: number(12),
    readBytes: field(io, 'read_bytes'),
    writtenBytes: field(io, 'write_bytes'),
    voluntaryContextSwitches: field(status, 'voluntary_ctxt_switches'),
    involuntaryContextSwitches: field(status, 'nonvoluntary_ctxt_switches'),
  };
}
