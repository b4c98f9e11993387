// Death by a signal: which one, whether a core file was written, and never mistaken for a code.
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { run, spawn, type Child, type Exit } from '../../src/index.js';
import { fixture } from '../support/fixture.js';
import { endWithTest, temporaryDirectory } from '../support/probe.js';
import { coreSignals, fatalSignals, realTimeSignals } from '../support/signals.js';
import { waitFor } from '../support/wait-for.js';

const quietly = { stdio: 'ignore', limits: { core: 0 } } as const;
const raise = (signal: number): Promise<Child> =>
  spawn(fixture('exit-with'), ['signal', String(signal)], quietly);

const outcome = ({ code, signal, coreDumped, known }: Exit) => ({
  code,
  signal,
  coreDumped,
  known,
});
const diedOf = (signal: unknown) => ({ code: null, signal, coreDumped: false, known: true });
const realTimeName = (signal: number) => signal;

// By poll alone, then by exited: one must not have taken what the other tells.
async function askBoth(child: Child): Promise<Exit[]> {
  const polled = await waitFor(() => {
    const state = child.poll();
    return state.state === 'exited' ? state.exit : undefined;
  });
  return [polled, await child.exited];
}

describe('every fatal signal comes back', () => {
  test.each(fatalSignals)('%s by poll, exited and run', async (name, number) => {
    const completion = await run(fixture('exit-with'), ['signal', String(number)], {
      limits: { core: 0 },
    });
    const exits = [...(await askBoth(await raise(number))), completion.exit!];
    expect(exits.map(outcome)).toEqual([diedOf(name), diedOf(name), diedOf(name)]);
    expect(completion).toMatchObject({ status: 'failed', termination: { method: 'natural' } });
  });

  test.each(fatalSignals)('%s sent with kill()', async (name) => {
    const child = endWithTest(await spawn('/bin/sleep', ['60'], quietly));
    expect(child.kill(name)).toBe(true);
    expect((await askBoth(child)).map(outcome)).toEqual([diedOf(name), diedOf(name)]);
  });

  test('a real-time signal by its number', async () => {
    const children = await Promise.all(realTimeSignals.map(raise));
    const exits = await Promise.all(children.map((child) => child.exited));
    expect(exits.map(outcome)).toEqual(realTimeSignals.map((n) => diedOf(realTimeName(n))));
    expect(
      children.map((child) => {
        const state = child.poll();
        return state.state === 'exited' && outcome(state.exit);
      }),
    ).toEqual(realTimeSignals.map((n) => diedOf(realTimeName(n))));
  });

  test('a real-time signal by run', async () => {
    const { exit, status } = await run(fixture('exit-with'), ['signal', '34']);
    expect(status).toBe('failed');
    expect(outcome(exit!)).toEqual(diedOf(realTimeName(34)));
  });
});

describe('143 is not SIGTERM', () => {
  test('exit code 143 is a code', async () => {
    const child = await spawn('/bin/sh', ['-c', 'exit 143'], { stdio: 'ignore' });
    const expected = { code: 143, signal: null, coreDumped: false, known: true };
    expect((await askBoth(child)).map(outcome)).toEqual([expected, expected]);
  });

  test('death by SIGTERM is a signal', async () => {
    const child = await spawn('/bin/sh', ['-c', 'kill -TERM $$'], { stdio: 'ignore' });
    expect((await askBoth(child)).map(outcome)).toEqual([diedOf('SIGTERM'), diedOf('SIGTERM')]);
  });

  test('a shell that tells of its child by 143 is a code', async () => {
    const { exit } = await run('/bin/sh', ['-c', 'sh -c "kill -TERM \\$\\$"; exit $?']);
    expect(exit).toMatchObject({ code: 143, signal: null });
  });

  test('run tells them apart too', async () => {
    const code = await run('/bin/sh', ['-c', 'exit 143']);
    const signal = await run('/bin/sh', ['-c', 'kill -TERM $$']);
    expect(code).toMatchObject({ status: 'failed', exit: { code: 143, signal: null } });
    expect(signal).toMatchObject({ status: 'failed', exit: { code: null, signal: 'SIGTERM' } });
  });
});

// A handler program ('|') gets the core and sets the flag by rules of its own; a path ('/') is not
// ours to litter.
const elsewhere = /^[|/]/.test(readFileSync('/proc/sys/kernel/core_pattern', 'latin1'));

describe.skipIf(elsewhere)('the core flag', () => {
  const dumping = (cwd: string) => ({ cwd, limits: { core: Infinity } });

  test('is set by each signal that dumps core, where the limit allows it', async () => {
    const cwd = temporaryDirectory();
    for (const name of coreSignals) {
      const number = String(Object.fromEntries(fatalSignals)[name]);
      const child = await spawn(fixture('exit-with'), ['signal', number], {
        ...dumping(cwd),
        stdio: 'ignore',
      });
      const expected = { ...diedOf(name), coreDumped: true };
      expect((await askBoth(child)).map(outcome), name).toEqual([expected, expected]);
      // The kernel's own proof that the flag says the truth.
      expect(readdirSync(cwd), name).toEqual([expect.stringMatching(/^core/)]);
      for (const file of readdirSync(cwd)) rmSync(`${cwd}/${file}`);
    }
  });

  test('is told by run', async () => {
    const cwd = temporaryDirectory();
    const { exit } = await run(fixture('exit-with'), ['signal', '11'], dumping(cwd));
    expect(outcome(exit!)).toEqual({ ...diedOf('SIGSEGV'), coreDumped: true });
  });

  test('is not set by the others, whatever the limit', async () => {
    const cwd = temporaryDirectory();
    const others = fatalSignals.filter(([name]) => !coreSignals.includes(name));
    for (const [name, number] of others) {
      const { exit } = await run(fixture('exit-with'), ['signal', String(number)], dumping(cwd));
      expect(outcome(exit!), name).toEqual(diedOf(name));
    }
    expect(readdirSync(cwd)).toEqual([]);
  });

  test('is not set by an exit code', async () => {
    const cwd = temporaryDirectory();
    const { exit } = await run(fixture('exit-with'), ['code', '139'], dumping(cwd));
    expect(outcome(exit!)).toEqual({ code: 139, signal: null, coreDumped: false, known: true });
  });
});
