// poll(): one look, one answer.
import { describe, expect, test } from 'vitest';
import { start, startCat } from '../children.js';
import { fixture } from '../support/fixture.js';
import { zombieChildren } from '../support/proc.js';
import { waitFor } from '../support/wait-for.js';

test('says running while it runs', async () => {
  const child = await startCat();
  for (let look = 0; look < 100; look++) expect(child.poll()).toEqual({ state: 'running' });
});

describe('a child that has exited with 0 before the first poll', () => {
  test('is exited, with 0, and not running', async () => {
    const child = await start(fixture('exit-now'));
    // The kernel's word, not the library's, so that the first poll is the first thing that is asked.
    await waitFor(() => zombieChildren().includes(child.pid) || !processExists(child.pid));
    expect(child.poll()).toMatchObject({ state: 'exited', exit: { code: 0, signal: null } });
  });

  test('is so without a turn of the event loop', async () => {
    const child = await startCat();
    child.kill('SIGKILL');
    const deadline = performance.now() + 5_000;
    while (child.poll().state !== 'exited' && performance.now() < deadline);
    expect(child.poll()).toMatchObject({
      state: 'exited',
      exit: { code: null, signal: 'SIGKILL' },
    });
  });
});

test('100 waiters get one answer, and poll gives the same', async () => {
  const child = await start(fixture('exit-with'), ['code', '7']);
  const exits = await Promise.all([
    ...Array.from({ length: 50 }, () => child.exited),
    ...Array.from({ length: 50 }, () => child.wait()),
  ]);
  expect(exits).toHaveLength(100);
  expect(exits[0]).toMatchObject({ code: 7, signal: null, coreDumped: false, known: true });
  for (const exit of exits) expect(exit).toEqual(exits[0]);
  expect(child.poll()).toEqual({ state: 'exited', exit: exits[0] });
});

test('a thousand polls after the end give the same', async () => {
  const child = await start(fixture('exit-with'), ['code', '9']);
  const exit = await child.exited;
  const first = child.poll();
  expect(first).toEqual({ state: 'exited', exit });
  for (let look = 0; look < 1_000; look++) expect(child.poll()).toEqual(first);
});

test('waiters that come after the end get the same answer as those before', async () => {
  const child = await start(fixture('exit-with'), ['signal', '15']);
  const before = await child.wait();
  expect(before).toMatchObject({ code: null, signal: 'SIGTERM' });
  expect(await child.wait({ timeout: 0 })).toEqual(before);
  expect(await child.exited).toEqual(before);
});

describe('a child stopped and continued from outside', () => {
  test('is stopped by that signal, then running, then exited', async () => {
    const child = await startCat();
    for (const signal of ['SIGSTOP', 'SIGTSTP', 'SIGTTIN'] as const) {
      process.kill(child.pid, signal);
      await waitFor(() => child.poll().state === 'stopped');
      expect(child.poll()).toEqual({ state: 'stopped', signal });
      process.kill(child.pid, 'SIGCONT');
      await waitFor(() => child.poll().state === 'running');
    }
    process.kill(child.pid, 'SIGSTOP');
    await waitFor(() => child.poll().state === 'stopped');
    child.kill('SIGKILL');
    expect(await child.exited).toMatchObject({ signal: 'SIGKILL' });
    expect(child.poll()).toMatchObject({ state: 'exited' });
  });
});

test('does not take the status that the exit event brings', async () => {
  for (let round = 0; round < 200; round++) {
    const child = await start(fixture('exit-with'), ['code', `${round}`]);
    while (child.poll().state === 'running') await new Promise(setImmediate);
    expect(await child.exited).toMatchObject({ code: round, known: true });
  }
});

function processExists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
