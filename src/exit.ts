/** How a process ended, and what it used. */
import { signalName, type Signal } from './signals.js';

/** See getrusage(2). Of the process and of the children that it waited for. */
export interface ResourceUsage {
  /** CPU time in user mode, milliseconds. */
  readonly userCpuMs: number;
  /** CPU time in the kernel, milliseconds. */
  readonly systemCpuMs: number;
  /**
   * Largest resident set, bytes. Final figures count what the child shared with us until its exec, as
   * the kernel does after any vfork or posix_spawn: at least our own size at that time.
   */
  readonly maxRssBytes: number;
  readonly minorPageFaults: number;
  readonly majorPageFaults: number;
  /** Read from storage, bytes. */
  readonly readBytes: number;
  /** Written to storage, bytes. */
  readonly writtenBytes: number;
  readonly voluntaryContextSwitches: number;
  readonly involuntaryContextSwitches: number;
}

export interface Exit {
  /** The exit code, or null if a signal ended it (or `known` is false). */
  readonly code: number | null;
  /** The signal that ended it, or null. Exit code 143 and death by SIGTERM stay distinguishable. */
  readonly signal: Signal | null;
  readonly coreDumped: boolean;
  readonly usage: ResourceUsage;
  /**
   * False if somebody else took the status (a foreign `waitpid(-1)`, or SIGCHLD ignored) and the
   * kernel does not tell it (it does from Linux 6.15): then `code` and `signal` are null.
   */
  readonly known: boolean;
}

export const NO_USAGE: ResourceUsage = Object.freeze({
  userCpuMs: 0,
  systemCpuMs: 0,
  maxRssBytes: 0,
  minorPageFaults: 0,
  majorPageFaults: 0,
  readBytes: 0,
  writtenBytes: 0,
  voluntaryContextSwitches: 0,
  involuntaryContextSwitches: 0,
});

/** How many numbers `decodeExit` reads. */
export const EXIT_FIELDS = 14;

/** Reads what native/bind/encode.cc wrote. */
export function decodeExit(data: ArrayLike<number>, at: number): Exit {
  const field = (index: number): number => data[at + index] ?? 0;
  const known = field(0) === 1;
  const signal = field(2);
  return Object.freeze({
    code: known && signal === 0 ? field(1) : null,
    signal: known && signal !== 0 ? signalName(signal) : null,
    coreDumped: field(3) === 1,
    usage:
      field(4) === 0
        ? NO_USAGE
        : Object.freeze({
            userCpuMs: field(5),
            systemCpuMs: field(6),
            maxRssBytes: field(7),
            minorPageFaults: field(8),
            majorPageFaults: field(9),
            readBytes: field(10),
            writtenBytes: field(11),
            voluntaryContextSwitches: field(12),
            involuntaryContextSwitches: field(13),
          }),
    known,
  });
}
