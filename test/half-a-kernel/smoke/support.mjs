// What the smoke suite's cases share.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { capabilities, spawn } from 'reapwell';
import { until } from '../../support/inside.mjs';

/** What test/fixtures/ready.cc was compiled to. */
export const ready = process.argv[2];

export const waits = { eofWait: 0, grace: 200, killWait: 10_000 };

/** The scopes beyond a group that can be had here. */
export const wide = ['session', 'tree', ...(capabilities().cgroup.writable ? ['cgroup'] : [])];

function state(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat.slice(stat.lastIndexOf(')') + 2)[0];
  } catch {
    return undefined;
  }
}
const isAlive = (pid) => ![undefined, 'Z', 'X'].includes(state(pid));

/** Who of them lives, by our own look into /proc. */
export const living = (pids) => pids.filter(isAlive);

export const pidsOf = (processes) => processes.map(({ pid }) => pid).sort((a, b) => a - b);

export const numbersIn = (line) => (line.match(/\d+/g) ?? []).map(Number);

export async function firstLine(stream) {
  let text = '';
  for await (const chunk of stream.iterator({ destroyOnReturn: false })) {
    text += chunk;
    if (text.includes('\n')) break;
  }
  return text.slice(0, text.indexOf('\n'));
}

export function startCat() {
  return spawn('/bin/cat', [], { ...waits, stdio: ['pipe', 'ignore', 'ignore'] });
}

/** A program with two members: those of a session are in groups of their own, others escape as they can. */
export function programOf(scope, ignore) {
  const flags = ['--members=2', ...(ignore ? ['--ignore=TERM', '--member-ignore=TERM'] : [])];
  if (scope === 'tree' || scope === 'cgroup') flags.push('--member-session');
  if (scope !== 'session') return [ready, flags];
  const trap = ignore ? "trap '' TERM; " : '';
  const job = `(${trap}exec sleep 60) </dev/null >/dev/null & `;
  return ['/bin/bash', ['-c', `set -m; ${trap}${job}a=$!; ${job}echo $a $!; wait; wait`]];
}

export async function startScope(scope, ignore) {
  const [file, args] = programOf(scope, ignore);
  const child = await spawn(file, args, { ...waits, scope, stdio: ['ignore', 'pipe', 'ignore'] });
  const all = [child.pid, ...numbersIn(await firstLine(child.stdout))];
  const isThere = () => living(all).length === 3 && child.members().length === 3;
  assert.ok(await until(isThere), 'a leader and two members');
  return { child, all: all.sort((a, b) => a - b) };
}
