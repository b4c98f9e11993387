// What /proc says of a process: an observer that needs nobody's word.
import { readFileSync, readdirSync } from 'node:fs';

export function look(pid) {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const number = (name) => Number(new RegExp(`^${name}:\\s*([0-9]+)`, 'm').exec(status)[1]);
  return {
    rssBytes: number('VmRSS') * 1024,
    threads: number('Threads'),
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
  };
}
