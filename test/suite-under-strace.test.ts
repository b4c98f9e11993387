// A signal never reaches a stranger: of all that the tests below make this library do, no signal goes
// to pid 0 (our own group), 1, -1 (everybody) or our own group. Seen from outside, by strace.
import { spawn as spawnNode, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { repository } from './support/program.js';

const hasStrace = spawnSync('strace', ['-V']).status === 0;
const skipped = hasStrace ? '' : ' (skipped: strace is not installed)';

// Everything that sends signals; not the files that are about time, or that use strace themselves.
const files = [
  'test/attach',
  'test/exit',
  'test/groups/joining',
  'test/groups/large',
  'test/groups/members',
  'test/poll-and-wait/changes',
  'test/poll-and-wait/poll',
  'test/poll-and-wait/wait',
  'test/run/stragglers',
  'test/run/status',
  'test/scopes/escalation',
  'test/spawn/group',
  'test/terminate',
];

// A pidfd can only stand for who was named when it was opened, or for a child of ours.
const calls = 'kill,tkill,tgkill,rt_sigqueueinfo,rt_tgsigqueueinfo,pidfd_send_signal,pidfd_open';

interface Call {
  line: string;
  /** As the call has it: negative for a group. Undefined where strace can't tell whose a pidfd is. */
  target: number | undefined;
  toGroup: boolean;
}

function parse(line: string): Call | undefined {
  const [, name, rest] = /^\d+ +(\w+)\((.*)/.exec(line) ?? [];
  if (name === undefined || rest === undefined) return undefined;
  if (name === 'pidfd_send_signal') {
    // 17<pid:1234>, SIGTERM, NULL, 0x4: PIDFD_SIGNAL_PROCESS_GROUP
    const [, pid, flags] = /^-?\d+(?:<pid:(-?\d+)>|<[^>]*>)?, \w+, [^,]+, (\w+)/.exec(rest) ?? [];
    return {
      line,
      target: pid === undefined ? undefined : Number(pid),
      toGroup: Number(flags) === 4,
    };
  }
  const target = Number(/^-?\d+/.exec(rest)?.[0]);
  return { line, target, toGroup: name === 'kill' && target < 0 };
}

/** Runs these test files in a session of its own; resolves with the signals sent and its pid. */
async function trace(project: string): Promise<{ seen: Call[]; group: number; tests: number }> {
  const folder = mkdtempSync(join(tmpdir(), 'reapwell-strace-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const [output, report] = [join(folder, 'trace'), join(folder, 'report.json')];
  const command = [
    ...['strace', '-f', '--seccomp-bpf', '-qq', '--decode-fds=pidfd', '-o', output],
    ...['-e', `trace=${calls}`, '-e', 'signal=none'],
    ...[process.execPath, 'node_modules/vitest/vitest.mjs', 'run', '--project', project],
    ...['--reporter=json', '--outputFile', report, ...files],
  ];
  // The runner's own variables would make the run inside take itself for one of its workers.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(VITEST|REAPWELL_)/.test(name)),
  );
  const runner = spawnNode('setsid', command, { cwd: repository, env, stdio: 'ignore' });
  onTestFinished(() => void runner.kill('SIGKILL'));
  await once(runner, 'exit');
  const { numTotalTests } = JSON.parse(readFileSync(report, 'utf8')) as { numTotalTests: number };
  const seen = readFileSync(output, 'utf8')
    .split('\n')
    .map(parse)
    .filter((found) => found !== undefined);
  // setsid became strace, which leads the session and the group of all that it started.
  return { seen, group: runner.pid!, tests: numTotalTests };
}

// Without pidfds a group is signalled by its number: there, the number must be right.
test.skipIf(!hasStrace).each(['default', 'signalfd-only'])(
  `no signal goes to a stranger, in project %s${skipped}`,
  { timeout: 150_000 },
  async (project) => {
    const { seen, group, tests } = await trace(project);
    // Without these the rest would show nothing.
    expect(tests).toBeGreaterThan(100);
    expect(seen.filter(({ toGroup }) => toGroup).length).toBeGreaterThan(50);

    // The group's leader, which is strace, is not to be hit either; nor is any pidfd to be had of it.
    const strangers = [0, 1, -1, group, -group];
    const wrong = seen.filter(
      ({ target }) => target !== undefined && (isNaN(target) || strangers.includes(target)),
    );
    expect(wrong.map(({ line }) => line)).toEqual([]);
  },
);
