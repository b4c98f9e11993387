// Whoever begins to listen is told the state that is: a stop that came before, once, and what follows it.
import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { attach, type Process, type ChildState } from '../../src/index.js';
import { startCat } from '../children.js';
import { readStat } from '../support/proc.js';
import { waitFor } from '../support/wait-for.js';

async function stopUnheard(pid: number): Promise<void> {
  process.kill(pid, 'SIGSTOP');
  await waitFor(() => readStat(pid)?.state === 'T', { what: 'its stop' });
  // The reaper has had time to see it, and nobody to tell it to.
  await new Promise((resolve) => setTimeout(resolve, 20));
}

async function resume(process: Process): Promise<void> {
  process.kill('SIGCONT');
  await waitFor(() => readStat(process.pid)?.state !== 'T', { what: 'its continuing' });
}

describe.each(['spawned', 'attached to'])('a child that is %s and was stopped before', (how) => {
  const stopped = async (): Promise<Process> => {
    const child = await startCat();
    await stopUnheard(child.pid);
    return how === 'spawned' ? child : attach(child.pid);
  };

  test("tells it to a listener, after 'on' has returned, and the continuing after it", async () => {
    const child = await stopped();
    const told: unknown[] = [];
    child.on('continue', () => told.push('continue'));
    child.on('stop', (signal) => told.push(signal));
    expect(told).toEqual([]);
    await waitFor(() => told.length > 0);
    await resume(child);
    await waitFor(() => told.length > 1);
    expect(told).toEqual(['SIGSTOP', 'continue']);
  });

  test('tells it to each listener once, whenever it begins', async () => {
    const child = await stopped();
    const told: string[] = [];
    child.on('stop', () => told.push('first'));
    await waitFor(() => told.length === 1);
    expect(await once(child, 'stop')).toEqual(['SIGSTOP']);
    child.on('stop', () => told.push('second'));
    const last = () => told.push('last');
    child.once('stop', last);
    await waitFor(() => told.length === 3);
    // Who goes and comes back begins anew.
    child.on('stop', last);
    await waitFor(() => told.length === 4);
    expect(told).toEqual(['first', 'second', 'last', 'last']);
  });

  test('tells it to changes() first', async () => {
    const child = await stopped();
    const early = child.changes();
    expect(await early.next()).toMatchObject({ value: { state: 'stopped', signal: 'SIGSTOP' } });
    const late = child.changes();
    expect(await late.next()).toMatchObject({ value: { state: 'stopped', signal: 'SIGSTOP' } });
    await resume(child);
    for (const changes of [early, late]) {
      expect(await changes.next()).toMatchObject({ value: { state: 'running' } });
    }
    child.kill('SIGKILL');
    const rest: ChildState[] = [];
    for await (const change of early) rest.push(change);
    expect(rest).toMatchObject([{ state: 'exited' }]);
  });

  test('tells it although all listeners were taken away meanwhile', async () => {
    const child = await stopped();
    child.removeAllListeners();
    expect(await once(child, 'stop')).toEqual(['SIGSTOP']);
  });

  test('tells nothing of it once it runs again', async () => {
    const child = await stopped();
    await resume(child);
    const told: unknown[] = [];
    child.on('stop', (signal) => told.push(signal));
    child.kill('SIGKILL');
    await child.exited;
    expect(told).toEqual([]);
  });
});
