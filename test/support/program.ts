// Separate Node programs, for what a test can't do to its own process: closing descriptors,
// dropping privileges, collecting garbage, dying. Started with node:child_process, so that a bug
// in the library can't hide itself here.
import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { waitFor } from './wait-for.js';

export const repository = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');
const programs = `${repository}/test/.build/programs`;

export interface ProgramOptions {
  args?: string[];
  /** Added to our environment; undefined takes a variable out. */
  env?: Record<string, string | undefined>;
  nodeArgs?: string[];
  /** What to run instead of Node itself, before its arguments: ['prlimit', '--nproc=5']. */
  under?: string[];
  uid?: number;
  gid?: number;
  /** Default: nothing to read, both outputs captured. */
  stdio?: StdioOptions;
}

export interface ProgramResult {
  stdout: string;
  stderr: string;
  code: number | null;
  signal: NodeJS.Signals | null;
  pid: number;
  child: ChildProcess;
}

export interface Program {
  pid: number;
  child: ChildProcess;
  /** What it has written so far. */
  readonly stdout: string;
  readonly stderr: string;
  /** Resolves with the first line of its standard output that matches. */
  line(pattern: RegExp): Promise<string>;
  /** Once it has ended and its outputs are closed. Never rejects for how it ended. */
  ended: Promise<ProgramResult>;
}

// Named by content: a file of the repository's, so that it can import 'reapwell' and be the
// program of its own workers (import.meta.url).
function programFile(source: string): string {
  const name = createHash('sha256').update(source).digest('hex').slice(0, 16);
  const file = `${programs}/${name}.mjs`;
  if (!existsSync(file)) {
    mkdirSync(programs, { recursive: true });
    const draft = `${file}.${process.pid}`;
    writeFileSync(draft, source);
    renameSync(draft, file);
  }
  return file;
}

/** Starts an ES module as a process of its own; it is killed when the test ends. */
export function startProgram(source: string, options: ProgramOptions = {}): Program {
  const { args = [], env = {}, nodeArgs = [], under = [] } = options;
  const command = [...under, process.execPath, ...nodeArgs, programFile(source), ...args];
  const child = spawn(command[0]!, command.slice(1), {
    cwd: repository,
    env: { ...process.env, ...env },
    stdio: options.stdio ?? ['ignore', 'pipe', 'pipe'],
    ...(options.uid === undefined ? {} : { uid: options.uid }),
    ...(options.gid === undefined ? {} : { gid: options.gid }),
  });
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => (stdout += chunk));
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk));
  const ended = new Promise<ProgramResult>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      resolve({ stdout, stderr, code, signal, pid: child.pid!, child });
    });
  });
  // Whoever awaits it gets the error; nobody has to.
  ended.catch(() => undefined);
  onTestFinished(() => {
    child.kill('SIGKILL');
    child.stdout?.destroy();
    child.stderr?.destroy();
  });
  return {
    pid: child.pid!,
    child,
    get stdout() {
      return stdout;
    },
    get stderr() {
      return stderr;
    },
    line: (pattern) => {
      const find = () => {
        const found = completeLines(stdout).find((line) => pattern.test(line));
        if (found !== undefined || child.exitCode === null) return found;
        throw new Error(`ended without a line that matches ${pattern.source}:\n${stdout}${stderr}`);
      };
      // An object, so that an empty line counts as found.
      return waitFor(() => boxed(find()), { what: `a line that matches ${pattern.source}` }).then(
        ({ value }) => value,
      );
    },
    ended,
  };
}

/** Runs an ES module as a process of its own, to its end. */
export function nodeProgram(source: string, options?: ProgramOptions): Promise<ProgramResult> {
  return startProgram(source, options).ended;
}

/** As nodeProgram, for one that prints a single JSON document; rejects with its stderr if it fails. */
export async function jsonProgram<T>(source: string, options?: ProgramOptions): Promise<T> {
  const { code, signal, stdout, stderr } = await nodeProgram(source, options);
  if (code !== 0) throw new Error(`the program ended with ${code ?? signal}:\n${stdout}${stderr}`);
  return JSON.parse(stdout) as T;
}

function completeLines(text: string): string[] {
  return text.split('\n').slice(0, -1);
}

function boxed<T>(value: T | undefined): { value: T } | undefined {
  return value === undefined ? undefined : { value };
}
