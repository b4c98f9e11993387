/**
 * The addon's functions, typed. The only file that loads it.
 *
 * Calls that can fail return a negative errno. Ids are this environment's own numbers for its
 * children, chosen by src/native/events.ts.
 */
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

interface Features {
  readonly pidfdFromClone: boolean;
  readonly pidfdOpen: boolean;
  readonly pidfdPoll: boolean;
  readonly pidfdWait: boolean;
  readonly pidfdSignal: boolean;
  readonly pidfdGroupSignal: boolean;
  readonly pidfdExitStatus: boolean;
  readonly pidfdHandle: boolean;
  readonly signalfd: boolean;
  readonly closeRange: boolean;
  readonly subreaper: boolean;
  readonly cloneIntoCgroup: boolean;
  readonly started: boolean;
  readonly wantsClaim: boolean;
  readonly claimed: boolean;
  readonly claimResult: number;
  readonly liveChildren: number;
}

/** pid, ppid, pgid, sid, state, command, start time in ticks since boot. */
export type ProcessFields = readonly [number, number, number, number, string, string, number];

/**
 * A process and its cookies, with commas between them. null: its environment can't be read; undefined:
 * it has none at all, as in the moment of an exec.
 */
type CookieFields = readonly [process: ProcessFields, cookies: string | null | undefined];

export interface Binding {
  connect(callback: (count: number, first: boolean) => void, buffer: Float64Array): void;
  keepLoopAlive(on: boolean): void;
  configure(usePidfd: boolean, claimSigchld: boolean): boolean;
  adjustStopListeners(by: number): void;
  /** Has the child's present stop told, again if it was told before; nothing if it runs. */
  tellPresentStop(id: number): void;
  features(): Features;

  /** In the call: takes what it names. EBADF, EMFILE: then nothing is left. */
  prepareSpawn(
    id: number,
    file: string,
    argv: string,
    env: string | Uint8Array | undefined,
    cwd: string | undefined,
    files: string,
    cgroup: string,
    plan: Float64Array,
  ): number;
  /** Starts what was prepared; if it can't, nothing is left of it. */
  submitSpawn(id: number): number;
  /** Lets go of what was prepared, and not submitted. */
  dropSpawn(id: number): void;
  /** environ(7) as it stands, each entry followed by NUL. On the main thread, while there is no worker. */
  ownEnvironment(): Buffer;
  cancelSpawn(id: number): void;
  /**
   * For process.on('exit'): ends, or leaves, as was said of each, the children of this environment and
   * the starts that are under way, for which it waits 250 ms at most. A second time does nothing more.
   */
  endChildren(): void;
  /**
   * SIGKILL, before it returns, to every scope of this process that was not released, other workers' too;
   * the starts that are under way in this one are called off.
   */
  killAll(): void;
  /** Our ends of its pipes, non-blocking. They are the addon's until handed over or closed. */
  lendDescriptors(id: number): number[];
  handOverDescriptor(fd: number): void;
  closeDescriptor(fd: number): void;
  /** A pipe's two ends, the caller's: to read from, to write to. */
  makePipe(out: Int32Array): number;
  /** A new descriptor, a pipe if it can hold them, from which these bytes and then the end are read. */
  fillDescriptor(bytes: Uint8Array): number;
  /** Room for 256 KiB, if the kernel grants it. */
  enlargePipe(fd: number): void;

  /** 0 running, a signal's number while stopped by it, -1 exited, -2 unknown id. */
  look(id: number): number;
  lookAtExit(id: number, out: Float64Array): number;
  signalLeader(id: number, signal: number): number;
  signalGroup(id: number, signal: number): number;
  forget(id: number): void;

  attach(id: number, pid: number, startTicks: number, scope: number): number;
  signalScope(id: number, signal: number): number;
  /** As signalScope, off the event loop; the result is an event. */
  sweepScope(id: number, signal: number): number;
  listScope(id: number): ProcessFields[] | null;
  release(id: number): void;
  cgroupPath(id: number): string | undefined;
  adoptOrphans(on: boolean): number;
  cookiePrefix(): string;

  /** A lock of this process on a file: its id (above 0), or a negative errno; EAGAIN puts the holder's pid into `holder`. */
  lockFile(path: string, holder: Int32Array): number;
  unlockFile(lock: number): void;
  /** The file handle of a child's pidfd, '' where there is none. */
  processHandle(id: number): string;
  /** 1: there, 0: gone for good, -1: can't be told. */
  lookAtHandle(handle: string): number;
  /** The name that a child with this cookie has from its birth to its exec. */
  birthName(cookie: string): string;
  /** Every process, and the cookies in its environment. Reads /proc on a thread of its own. */
  listCookies(): Promise<CookieFields[] | null>;

  listGroup(pgid: number): ProcessFields[] | null;
  readProcess(pid: number): ProcessFields[];

  waitpid(pid: number, options: number, out: Int32Array): number;
  waitid(idtype: number, id: number, options: number, out: Int32Array): number;
  kill(pid: number, signal: number): number;
  killpg(pgid: number, signal: number): number;
  setpgid(pid: number, pgid: number): number;
  getpgid(pid: number): number;
  getsid(pid: number): number;
  pidfdOpen(pid: number, flags: number): number;
  pidfdSendSignal(pidfd: number, signal: number, flags: number): number;
  setChildSubreaper(on: boolean): number;
  posixSpawn(
    file: string,
    argv: string,
    env: string | Uint8Array | undefined,
    cwd: string | undefined,
    files: string,
    cgroup: string,
    plan: Float64Array,
    out: Int32Array,
  ): number;
}

const require = createRequire(import.meta.url);
const load = require('node-gyp-build') as (root: string) => unknown;

const numbers = new Float64Array(256);

/** As the addon takes numbers, which it copies at once: one array serves every call. */
export function toNumbers(first: readonly number[], rest: readonly number[]): Float64Array {
  if (first.length + rest.length > numbers.length) return Float64Array.from([...first, ...rest]);
  numbers.set(first);
  numbers.set(rest, first.length);
  return numbers;
}

// src/native/ and dist/native/ are both two folders below the package's root.
export const binding = load(fileURLToPath(new URL('../..', import.meta.url))) as Binding;
