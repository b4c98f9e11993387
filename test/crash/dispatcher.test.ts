// The dispatcher of examples/, killed in mid-flight and started again.
import { spawn as spawnNode, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { repository } from '../support/program.js';
import { waitFor } from '../support/wait-for.js';
import { killMarked, makeMark, marked } from '../scopes/marked.js';

let folder: string;
let mark: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'reapwell-dispatcher-'));
  mark = makeMark();
  mkdirSync(join(folder, 'jobs'));
  onTestFinished(() => {
    killMarked(mark);
    rmSync(folder, { recursive: true });
  });
});

function addJob(id: string, script: string, timeout?: number): void {
  const command = [
    'sh',
    '-c',
    `echo "${id} started" >> "$0"; ${script}`,
    join(folder, 'log'),
    mark,
  ];
  writeFileSync(join(folder, 'jobs', `${id}.json`), JSON.stringify({ command, timeout }));
}

const starts = (): string[] => {
  const log = join(folder, 'log');
  return existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : [];
};

interface Run {
  child: ChildProcess;
  ended: Promise<{ code: number | null; output: string }>;
}

function dispatcher(...args: string[]): Run {
  const program = join(repository, 'examples/dispatcher/dispatcher.mjs');
  const command = [program, join(folder, 'jobs'), '--grace', '200', ...args];
  // In the environment of whatever a job starts, wherever that goes.
  const env = { ...process.env, MARK: mark.slice('MARK='.length) };
  const child = spawnNode(process.execPath, command, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (output += chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (output += chunk));
  const ended = new Promise<{ code: number | null; output: string }>((resolve) => {
    child.once('close', (code) => resolve({ code, output }));
  });
  return { child, ended };
}

test('every job is run, and told how it ended', async () => {
  addJob('fine', 'echo out');
  addJob('wrong', 'exit 3');
  addJob('polite', 'cat', 100); // ends at the end of its input
  addJob('deaf', 'trap "" TERM; while :; do sleep 9; done', 100);
  writeFileSync(join(folder, 'jobs', 'broken.json'), '{');
  const { code, output } = await dispatcher().ended;
  expect(code).toBe(1);
  expect(output).toMatch(/^fine +completed/m);
  expect(output).toMatch(/^wrong +failed .*exit code 3/m);
  expect(output).toMatch(/^polite +timeout .*ended by eof/m);
  expect(output).toMatch(/^deaf +timeout .*ended by sigkill/m);
  expect(output).toMatch(/^broken +error .*JSON/m);
  expect(readFileSync(join(folder, 'jobs/.dispatcher/logs/fine.log'), 'utf8')).toBe('out\n');
  expect(marked(mark)).toEqual([]);
});

test('killed in mid-flight, it ends what it left, and starts no job twice', async () => {
  for (const id of ['a', 'b', 'c']) {
    // Neither its parent's death nor SIGTERM ends it, and it has left its group.
    addJob(id, 'trap "" TERM; setsid sleep 1000 < /dev/null & while :; do sleep 9; done');
  }
  for (const id of ['d', 'e', 'f', 'g']) addJob(id, 'true');
  const first = dispatcher('--parallel', '3');
  await waitFor(() => starts().length === 3, { what: 'three jobs that run' });
  await waitFor(() => marked(mark).length >= 3, { what: 'their processes' });

  // Meanwhile nobody else can have the same jobs.
  const second = await dispatcher().ended;
  expect(second.code).toBe(3);
  expect(second.output).toContain(`process ${first.child.pid}`);

  first.child.kill('SIGKILL');
  await first.ended;
  expect(marked(mark).length).toBeGreaterThan(0); // else there would be nothing to recover

  const { code, output } = await dispatcher().ended;
  expect(code).toBe(1);
  for (const id of ['a', 'b', 'c']) expect(output).toMatch(new RegExp(`^${id} +interrupted`, 'm'));
  for (const id of ['d', 'e', 'f', 'g'])
    expect(output).toMatch(new RegExp(`^${id} +completed`, 'm'));
  expect(starts().sort()).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((id) => `${id} started`));
  expect(marked(mark)).toEqual([]);

  const again = await dispatcher().ended;
  expect(again.output).toContain('3 interrupted');
  expect(starts()).toHaveLength(7);
});

test('SIGINT ends the jobs that run, and starts no more', async () => {
  for (const id of ['a', 'b', 'c']) addJob(id, 'sleep 1000');
  const run = dispatcher('--parallel', '2');
  await waitFor(() => starts().length === 2, { what: 'two jobs that run' });
  run.child.kill('SIGINT');
  const { code, output } = await run.ended;
  expect(code).toBe(1);
  expect(output).toContain('2 terminated');
  expect(starts()).toHaveLength(2);
  expect(marked(mark)).toEqual([]);
});
