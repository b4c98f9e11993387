// Starts test/fixtures/probe.cc and reads what it says about itself.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { text } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';
import { spawn, type Child } from '../../src/index.js';
import { fixture } from './fixture.js';

export interface ProbeDescriptor {
  fd: number;
  link: string;
  access: 'r' | 'w' | 'rw';
  nonblock: boolean;
  append: boolean;
  cloexec: boolean;
  socket: boolean;
  pipe: boolean;
}

export interface Probe {
  pid: number;
  ppid: number;
  pgid: number;
  sid: number;
  argv: string[];
  /** As it lies in memory: NAME=value, in order, duplicates too. */
  env: string[];
  cwd: string;
  uid: number;
  euid: number;
  gid: number;
  egid: number;
  groups: number[];
  umask: number;
  nice: number;
  /** [soft, hard]; null is "unlimited". */
  limits: Record<string, [number | null, number | null]>;
  oomScoreAdj: number;
  noNewPrivileges: boolean;
  blocked: number[];
  ignored: number[];
  pending: number[];
  sharedPending: number[];
  descriptors: ProbeDescriptor[];
  parentDeathSignal: number;
}

type SpawnOptions = NonNullable<Parameters<typeof spawn>[2]>;

/** Runs the probe to its end. Its standard output must be a pipe, as it is by default. */
export async function probe(options?: SpawnOptions, args: string[] = []): Promise<Probe> {
  const child = await spawn(fixture('probe'), args, options);
  const said = await text(child.stdout!);
  await child.exited;
  return JSON.parse(said) as Probe;
}

/** As probe(), for any stdio: it writes to a file. */
export async function probeToFile(options?: SpawnOptions): Promise<Probe> {
  const out = `${temporaryDirectory()}/probe.json`;
  const child = await spawn(fixture('probe'), [`out=${out}`], options);
  // Nobody reads what it does not write.
  for (const stream of child.stdio) stream?.destroy();
  await child.exited;
  return readProbe(out);
}

export function readProbe(file: string): Probe {
  return JSON.parse(readFileSync(file, 'utf8')) as Probe;
}

/** The probe's descriptor of that number, if it is open. */
export function descriptor(seen: Probe, fd: number): ProbeDescriptor | undefined {
  return seen.descriptors.find((each) => each.fd === fd);
}

/** A new directory under /tmp, removed when the test ends. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(`${tmpdir()}/reapwell-test-`);
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** Kills what is left of the child's group when the test ends, however it ends. */
export function endWithTest(child: Child): Child {
  onTestFinished(() => {
    try {
      child.kill('SIGKILL', child.pgid === child.pid ? 'group' : 'leader');
    } catch {
      // Nothing is left, or it was never ours to signal.
    }
  });
  return child;
}
