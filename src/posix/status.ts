/** The status macros of wait(2), on the status that `waitpid` returns. */
import { checkInteger } from '../options/validate.js';
import { signalName, type Signal } from '../signals.js';

const STOPPED = 0x7f;
const CONTINUED = 0xffff;
const CORE = 0x80;

function check(status: number): number {
  return checkInteger('status', status, -0x8000_0000, 0x7fff_ffff);
}

const lowSeven = (status: number): number => check(status) & 0x7f;
const secondByte = (status: number): number => (check(status) >> 8) & 0xff;

/** It ended by itself; WEXITSTATUS says with what code. */
export const WIFEXITED = (status: number): boolean => lowSeven(status) === 0;

export const WEXITSTATUS = (status: number): number => secondByte(status);

/** A signal ended it; WTERMSIG says which. */
export const WIFSIGNALED = (status: number): boolean => {
  const low = lowSeven(status);
  return low !== 0 && low !== STOPPED;
};

export const WTERMSIG = (status: number): Signal => signalName(lowSeven(status));

export const WCOREDUMP = (status: number): boolean => (check(status) & CORE) !== 0;

/** It is stopped; WSTOPSIG says by which signal. */
export const WIFSTOPPED = (status: number): boolean => (check(status) & 0xff) === STOPPED;

export const WSTOPSIG = (status: number): Signal => signalName(secondByte(status));

export const WIFCONTINUED = (status: number): boolean => check(status) === CONTINUED;
