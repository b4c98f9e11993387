// The raw calls refuse what no C argument can carry. The signals are 0 or none that exist: should one
// be accepted after all, nobody is hit.
import { afterAll, describe, test } from 'vitest';
import { posix } from '../../src/index.js';
import { expectNeverStarted, expectRefused } from './nothing-started.js';
import { badSignals, notBooleans, notIntegers, notNumbers } from './values.js';

type Anything = (...args: unknown[]) => unknown;

const badInts: unknown[] = [...notNumbers, ...notIntegers, 2 ** 31, -(2 ** 31) - 1, undefined];
const badUnsigned: unknown[] = [...notNumbers, ...notIntegers, -1, 2 ** 32, undefined];
const given = (values: unknown[]) => values.filter((value) => value !== undefined);

afterAll(expectNeverStarted);

// The call with one argument left open, and what is wrong for it.
const cases: [string, Anything, unknown[]][] = [
  ['waitpid: pid', (pid) => (posix.waitpid as Anything)(pid, posix.WNOHANG), badInts],
  ['waitpid: options', (options) => (posix.waitpid as Anything)(-1, options), given(badInts)],
  [
    'waitid: idtype',
    (idtype) => (posix.waitid as Anything)(idtype, 0, posix.WEXITED | posix.WNOHANG),
    badInts,
  ],
  [
    'waitid: id',
    (id) => (posix.waitid as Anything)(posix.P_PID, id, posix.WEXITED | posix.WNOHANG),
    badUnsigned,
  ],
  ['waitid: options', (options) => (posix.waitid as Anything)(posix.P_ALL, 0, options), badInts],
  ['kill: pid', (pid) => (posix.kill as Anything)(pid, 0), badInts],
  ['killpg: pgid', (pgid) => (posix.killpg as Anything)(pgid, 0), badInts],
  ['setpgid: pid', (pid) => (posix.setpgid as Anything)(pid, 0), badInts],
  ['setpgid: pgid', (pgid) => (posix.setpgid as Anything)(0, pgid), badInts],
  ['getpgid', posix.getpgid as Anything, badInts],
  ['getsid', posix.getsid as Anything, badInts],
  ['pidfdOpen: pid', posix.pidfdOpen as Anything, badInts],
  ['pidfdOpen: flags', (flags) => (posix.pidfdOpen as Anything)(1, flags), given(badUnsigned)],
  ['pidfdSendSignal: pidfd', (fd) => (posix.pidfdSendSignal as Anything)(fd, 0), badInts],
  [
    'pidfdSendSignal: flags',
    (flags) => (posix.pidfdSendSignal as Anything)(-1, 0, flags),
    given(badUnsigned),
  ],
  ['setChildSubreaper', posix.setChildSubreaper as Anything, [...notBooleans, undefined]],
];

test.each(cases)('%s', async (_, call, values) => {
  await expectRefused(values, call);
});

// 0 only asks, so here it is no mistake. The process is one that can't be: the largest pid there is.
const wrongSignals = [...badSignals.filter((signal) => signal !== 0), null];
const nobody = 2 ** 31 - 1;

test.each<[string, Anything]>([
  ['kill', (signal) => (posix.kill as Anything)(nobody, signal)],
  ['killpg', (signal) => (posix.killpg as Anything)(nobody, signal)],
  ['pidfdSendSignal', (signal) => (posix.pidfdSendSignal as Anything)(nobody, signal)],
])('%s: signal', async (_, call) => {
  await expectRefused(wrongSignals, call);
});

describe('the status macros', () => {
  test.each([
    'WIFEXITED',
    'WEXITSTATUS',
    'WIFSIGNALED',
    'WTERMSIG',
    'WCOREDUMP',
    'WIFSTOPPED',
    'WSTOPSIG',
    'WIFCONTINUED',
  ] as const)('%s', async (macro) => {
    await expectRefused(badInts, posix[macro] as Anything);
  });
});
