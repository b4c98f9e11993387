// What happens to a child is told: as events, and as an iteration that ends after the exit.
import { describe, expect, test } from 'vitest';
import type { Child, ChildState } from '../../src/index.js';
import { start, startCat } from '../children.js';
import { fixture } from '../support/fixture.js';
import { nodeProgram } from '../support/program.js';
import { waitFor } from '../support/wait-for.js';

/** Stops and continues it from outside, each once the one before has been told. */
async function stopAndContinue(child: Child, told: () => number): Promise<void> {
  for (const [index, signal] of (['SIGSTOP', 'SIGCONT'] as const).entries()) {
    const before = told();
    process.kill(child.pid, signal);
    await waitFor(() => told() > before, { what: `the change number ${index + 1}` });
  }
}

describe('events', () => {
  test('tell of a stop, a continue, the exit and the empty scope, in this order', async () => {
    const child = await startCat();
    const events: unknown[] = [];
    child.on('stop', (signal) => events.push(['stop', signal]));
    child.on('continue', () => events.push(['continue']));
    child.on('exit', ({ code, signal }) => events.push(['exit', code, signal]));
    child.on('empty', () => events.push(['empty']));
    await stopAndContinue(child, () => events.length);
    await stopAndContinue(child, () => events.length);
    child.stdin?.end();
    await child.empty;
    expect(events).toEqual([
      ['stop', 'SIGSTOP'],
      ['continue'],
      ['stop', 'SIGSTOP'],
      ['continue'],
      ['exit', 0, null],
      ['empty'],
    ]);
  });

  test('tell the exit to each listener once, and to those of no other child', async () => {
    const children = await Promise.all(
      Array.from({ length: 20 }, (_, code) => start('/bin/sh', ['-c', `read line; exit ${code}`])),
    );
    const told = children.map(() => [] as (number | null)[]);
    for (const [index, child] of children.entries()) {
      for (let i = 0; i < 2; i++) child.on('exit', ({ code }) => told[index]?.push(code));
    }
    for (const child of children) child.stdin?.end();
    await Promise.all(children.map((child) => child.empty));
    expect(told).toEqual(children.map((_, code) => [code, code]));
  });

  test('the exit comes before the scope is empty while members live', async () => {
    const child = await start(fixture('ready'), ['--members=1', '--leave=0']);
    const events: string[] = [];
    child.on('empty', () => events.push('empty'));
    child.on('exit', () => events.push('exit'));
    await child.exited;
    await waitFor(() => events.length > 0);
    expect(events).toEqual(['exit']);
    child.kill('SIGKILL', 'group');
    await child.empty;
    expect(events).toEqual(['exit', 'empty']);
  });

  test('a listener that throws is an uncaught exception, and the others are told', async () => {
    const ended = await nodeProgram(`
      import { spawn } from 'reapwell';
      process.on('uncaughtException', (error) => console.log(error.message));
      const children = await Promise.all([1, 2, 3].map(() => spawn('/bin/cat')));
      for (const child of children) child.on('exit', () => { throw new Error('thrown'); });
      for (const child of children) child.kill('SIGKILL');
      await Promise.all(children.map((child) => child.exited));
    `);
    expect(ended).toMatchObject({ code: 0, stdout: 'thrown\n'.repeat(3) });
  });
});

describe('changes()', () => {
  test('brings each stop and continue and the exit, and ends', async () => {
    const child = await startCat();
    const changes: ChildState[] = [];
    const reading = (async () => {
      for await (const change of child.changes()) changes.push(change);
    })();
    await stopAndContinue(child, () => changes.length);
    child.stdin?.end();
    await reading;
    expect(changes).toEqual([
      { state: 'stopped', signal: 'SIGSTOP' },
      { state: 'running' },
      { state: 'exited', exit: await child.exited },
    ]);
  });

  test('brings the exit to one who asks after the end', async () => {
    const child = await start(fixture('exit-with'), ['code', '5']);
    const exit = await child.exited;
    const changes: ChildState[] = [];
    for await (const change of child.changes()) changes.push(change);
    expect(changes).toEqual([{ state: 'exited', exit }]);
  });

  test('can be left early, and others go on', async () => {
    const child = await startCat();
    const whole: string[] = [];
    const reading = (async () => {
      for await (const { state } of child.changes()) whole.push(state);
    })();
    const left = (async () => {
      for await (const { state } of child.changes()) return state;
      return 'none';
    })();
    await stopAndContinue(child, () => whole.length);
    expect(await left).toBe('stopped');
    child.stdin?.end();
    await reading;
    expect(whole).toEqual(['stopped', 'running', 'exited']);
  });

  test('keeps what happened between two looks', async () => {
    const child = await startCat();
    const changes = child.changes();
    let told = 0;
    child.on('stop', () => told++).on('continue', () => told++);
    await stopAndContinue(child, () => told);
    child.stdin?.end();
    await child.exited;
    expect(await changes.next()).toMatchObject({ done: false, value: { state: 'stopped' } });
    expect(await changes.next()).toMatchObject({ done: false, value: { state: 'running' } });
    expect(await changes.next()).toMatchObject({ done: false, value: { state: 'exited' } });
    expect(await changes.next()).toEqual({ done: true, value: undefined });
  });

  test('answers several requests at once, in order', async () => {
    const child = await startCat();
    const changes = child.changes();
    const answers = Promise.all([changes.next(), changes.next(), changes.next()]);
    child.stdin?.end();
    expect(await answers).toMatchObject([
      { done: false, value: { state: 'exited' } },
      { done: true },
      { done: true },
    ]);
  });
});
