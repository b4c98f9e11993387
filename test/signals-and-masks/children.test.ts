// A child starts with nothing ignored and nothing blocked, whatever Node or its parent does.
import { expect, describe, test } from 'vitest';
import { posix, run } from '../../src/index.js';
import { fixture } from '../support/fixture.js';
import { jsonProgram, type ProgramOptions } from '../support/program.js';

interface Signals {
  pending: bigint;
  blocked: bigint;
  ignored: bigint;
  caught: bigint;
}

const nothing: Signals = { pending: 0n, blocked: 0n, ignored: 0n, caught: 0n };
const bit = (signal: number) => 1n << BigInt(signal - 1);
const SIGPIPE = 13;
const SIGTERM = 15;

/** The signal sets of a /proc/PID/status. */
function parse(status: string): Signals {
  const set = (name: string) =>
    BigInt(`0x${new RegExp(`^${name}:\\s+(\\w+)$`, 'm').exec(status)?.[1]}`);
  return {
    pending: set('SigPnd') | set('ShdPnd'),
    blocked: set('SigBlk'),
    ignored: set('SigIgn'),
    caught: set('SigCgt'),
  };
}

// Prints how the thread that spawns stands itself, and how its children start.
const program = `
  import { readFileSync } from 'node:fs';
  import { Worker, isMainThread } from 'node:worker_threads';
  import { run } from 'reapwell';
  const [where, addon] = process.argv.slice(2);
  if (!isMainThread || where === 'main') {
    if (addon !== undefined) process.dlopen({ exports: {} }, addon);
    const node = readFileSync('/proc/thread-self/status', 'utf8');
    const { stdout: child } = await run('/bin/cat', ['/proc/self/status']);
    console.log(JSON.stringify({ node, child }));
  } else {
    new Worker(new URL(import.meta.url), { argv: process.argv.slice(2) });
  }
`;

async function start(where: string, options: ProgramOptions & { addon?: string } = {}) {
  const { addon, ...rest } = options;
  const { node, child } = await jsonProgram<Record<'node' | 'child', string>>(program, {
    args: addon === undefined ? [where] : [where, addon],
    ...rest,
  });
  return { node: parse(node), child: parse(child) };
}

test('in this process, which ignores SIGPIPE as every Node does', async () => {
  const { stdout } = await run('/bin/cat', ['/proc/self/status']);
  expect(parse(stdout)).toEqual(nothing);
});

describe.each(['main', 'worker'])('from the %s thread', (where) => {
  test('of a plain Node', async () => {
    const { node, child } = await start(where);
    expect(node.ignored & bit(SIGPIPE)).not.toBe(0n);
    expect(child).toEqual(nothing);
  });

  test('of a Node that was started with signals blocked', async () => {
    const { child } = await start(where, {
      under: [fixture('with-signals'), '--block=HUP,INT,USR1,TERM,CHLD,CONT,TSTP,WINCH'],
    });
    expect(child).toEqual(nothing);
  });

  test('of a Node that was started with signals ignored', async () => {
    const { child } = await start(where, {
      under: [fixture('with-signals'), '--ignore=HUP,INT,USR1,PIPE,TERM,TSTP'],
    });
    expect(child).toEqual(nothing);
  });

  // Node clears the mask that it inherits, in its main thread; nothing stops an addon.
  test('that blocks signals itself', async () => {
    const { node, child } = await start(where, {
      addon: fixture('on-load'),
      env: { ON_LOAD: 'block-signals' },
    });
    expect(node.blocked & bit(SIGTERM)).not.toBe(0n);
    expect(child).toEqual(nothing);
  });
});

describe('SIGPIPE', () => {
  test('ends `yes` when `head` has left', async () => {
    const { status, stdout } = await run('/bin/sh', ['-c', 'yes | head -1']);
    expect({ status, stdout }).toEqual({ status: 'completed', stdout: 'y\n' });
  });

  test('is what ended it', async () => {
    const script = '{ yes; echo $? >&2; } | head -1';
    const { stderr } = await run('/bin/sh', ['-c', script]);
    expect(stderr).toBe(`${128 + SIGPIPE}\n`);
  });

  test('ends a child of posixSpawn too', () => {
    const pid = posix.posixSpawn('/bin/sh', ['-c', 'kill -PIPE $$']);
    const { status } = posix.waitpid(pid, 0);
    expect(posix.WIFSIGNALED(status) && posix.WTERMSIG(status)).toBe('SIGPIPE');
  });
});
