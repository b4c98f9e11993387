// How often poll() and kill() ask the kernel: once while it can change, never afterwards.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { usesPidfd } from '../modes.js';
import { nodeProgram } from '../support/program.js';

const hasStrace = spawnSync('strace', ['-V']).status === 0;
const times = 1_000;

const program = `
  import { spawn } from 'reapwell';
  import { writeSync } from 'node:fs';
  // Marks in the trace where one thing ends and the next begins.
  const mark = (name) => writeSync(1, 'mark ' + name);
  const times = ${times};
  const child = await spawn('/bin/cat', [], { stdio: ['pipe', 'ignore', 'ignore'] });
  mark('poll running');
  for (let i = 0; i < times; i++) child.poll();
  mark('signal running');
  for (let i = 0; i < times; i++) child.kill('SIGWINCH');
  mark('end');
  child.stdin.end();
  await child.empty;
  mark('poll exited');
  for (let i = 0; i < times; i++) child.poll();
  mark('signal exited');
  let hits = 0;
  for (let i = 0; i < times; i++) hits += child.kill('SIGTERM') + child.kill('SIGTERM', 'group');
  mark('end');
  if (hits !== 0) throw new Error('an exited child was signalled');
`;

/** The names of what was called between each mark and the next. */
function callsByMark(trace: string): Map<string, string[]> {
  const calls = new Map<string, string[]>();
  let current: string[] = [];
  for (const line of trace.split('\n')) {
    const mark = /^write\(1, "mark ([a-z ]+)"/.exec(line)?.[1];
    const call = /^(\w+)\(/.exec(line)?.[1];
    if (mark !== undefined) calls.set(mark, (current = []));
    else if (call !== undefined) current.push(call);
  }
  return calls;
}

test.skipIf(!hasStrace)(
  `poll and kill: one system call each while it runs, none after the end${
    hasStrace ? '' : ' (skipped: strace is not installed)'
  }`,
  { timeout: 60_000 },
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'reapwell-strace-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const calls = 'waitid,wait4,kill,tgkill,tkill,rt_sigqueueinfo,pidfd_send_signal,pidfd_open';
    // A file for each thread: what the native threads do meanwhile is their own affair.
    const ended = await nodeProgram(program, {
      under: ['strace', '-ff', '-e', `trace=write,openat,${calls}`, '-o', join(folder, 'trace')],
    });
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    const mainThread = readdirSync(folder)
      .map((file) => readFileSync(join(folder, file), 'utf8'))
      .find((trace) => trace.includes('"mark poll running"'));
    const byMark = callsByMark(mainThread ?? '');
    const only = (mark: string) => byMark.get(mark);
    expect(only('poll running')).toEqual(Array.from({ length: times }, () => 'waitid'));
    expect(only('signal running')).toEqual(
      Array.from({ length: times }, () => (usesPidfd ? 'pidfd_send_signal' : 'kill')),
    );
    expect(only('poll exited')).toEqual([]);
    expect(only('signal exited')).toEqual([]);
  },
);
