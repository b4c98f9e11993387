// Supervisors with a journal, in processes of their own, that die as a test wants them to.
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { onTestFinished } from 'vitest';
import { openJournal, type Journal } from '../../src/index.js';
import { killMarked, makeMark, marked } from '../scopes/marked.js';
import { temporaryDirectory } from '../support/probe.js';
import type { Stat } from '../support/proc.js';
import { startProgram, type Program } from '../support/program.js';
import { waitFor } from '../support/wait-for.js';

/** Options of `spawn` that JSON can carry. */
export interface Job {
  file: string;
  args?: string[];
  options?: Record<string, unknown>;
}

export interface Started {
  pid: number;
  /** What its first line says after the first word. */
  said: number[];
}

export interface Supervisor {
  program: Program;
  children: Started[];
  /** Everybody alive of its jobs, wherever they have escaped to. */
  live: () => Stat[];
}

/** Opens the journal of a directory; it is closed when the test ends. */
export async function open(dir = temporaryDirectory()): Promise<Journal> {
  const journal = await openJournal(dir);
  onTestFinished(() => journal.close().catch(() => undefined));
  return journal;
}

export interface RecordLine extends Record<string, unknown> {
  t: string;
  key: string;
}

export function journalFile(dir: string): string {
  const [name] = readdirSync(dir).filter((one) => /^journal-\d+\.jsonl$/.test(one));
  return `${dir}/${name}`;
}

/** The records of a journal's file, without its header. */
export function readLines(dir: string): RecordLine[] {
  const lines = readFileSync(journalFile(dir), 'utf8').split('\n').slice(1, -1);
  return lines.map((line) => JSON.parse(line) as RecordLine);
}

/** Changes records, or takes them out, while no supervisor lives. */
export function editLines(dir: string, edit: (line: RecordLine) => unknown): void {
  const file = journalFile(dir);
  const [header] = readFileSync(file, 'utf8').split('\n');
  const edited = readLines(dir).flatMap((line) => edit(line) ?? []);
  const texts = [header, ...edited.map((line) => JSON.stringify(line))];
  writeFileSync(file, `${texts.join('\n')}\n`);
}

const source = `
  import { openJournal, spawn } from 'reapwell';
  const { dir, jobs } = JSON.parse(process.argv[2]);
  const journal = await openJournal(dir);
  console.log('open');
  for (const { file, args, options } of jobs) {
    const child = await spawn(file, args, {
      stdio: ['ignore', 'pipe', 'ignore'], parentDeathSignal: null, journal, ...options,
    });
    const said = await new Promise((resolve) => child.stdout.once('data', resolve));
    console.log('child ' + child.pid + ' ' + said.toString().trim());
  }
  setInterval(() => {}, 1000);
`;

/** Starts a supervisor, and returns when each of its jobs has spoken and its identity is recorded. */
export async function supervise(dir: string, jobs: Job[]): Promise<Supervisor> {
  const mark = makeMark();
  const [name, value] = mark.split('=') as [string, string];
  onTestFinished(() => killMarked(mark));
  const program = startProgram(source, {
    args: [JSON.stringify({ dir, jobs })],
    env: { [name]: value },
  });
  await program.line(/^open$/);
  const said = () => program.stdout.split('\n').filter((line) => line.startsWith('child '));
  await waitFor(() => said().length === jobs.length || program.child.exitCode !== null, {
    what: 'all jobs have spoken',
  });
  if (said().length !== jobs.length) throw new Error(`the supervisor failed: ${program.stderr}`);
  await waitFor(() => readLines(dir).filter(({ t }) => t === 'running').length === jobs.length, {
    what: 'all identities are recorded',
  });
  const children = said().map((line) => {
    const [, pid, , ...rest] = line.split(' ').map(Number);
    return { pid: pid!, said: rest };
  });
  return { program, children, live: () => marked(mark).filter(({ pid }) => pid !== program.pid) };
}

export async function kill(supervisor: Supervisor): Promise<void> {
  const { child } = supervisor.program;
  const exit = once(child, 'exit');
  process.kill(child.pid!, 'SIGKILL');
  await exit;
}

/** The same, and kills the supervisor with kill -9. */
export async function crash(dir: string, jobs: Job[]): Promise<Supervisor> {
  const supervisor = await supervise(dir, jobs);
  await kill(supervisor);
  return supervisor;
}
