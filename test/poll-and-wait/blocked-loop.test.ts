// The event loop stands still for two seconds, while children end and deadlines pass. What is said
// afterwards must be what happened, not what the late clock suggests.
import { describe, expect, test } from 'vitest';
import { run, spawn } from '../../src/index.js';
import { fixture } from '../support/fixture.js';
import { zombieChildren } from '../support/proc.js';

function blockLoop(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

// How long the loop stands still, and a deadline that passes long before its end, but long after
// anything that is meant to end by itself has done so.
const blocked = 2_000;
const deadline = 1_000;

test('exits that came meanwhile are all told, and nothing is left', async () => {
  const children = await Promise.all(
    Array.from({ length: 30 }, (_, code) =>
      spawn(fixture('exit-with'), ['code', `${code}`], { stdio: 'ignore' }),
    ),
  );
  const killed = await spawn('/bin/cat', [], { stdio: ['pipe', 'ignore', 'ignore'] });
  killed.kill('SIGKILL');
  blockLoop(blocked);
  // Before any event could have been delivered.
  for (const [code, child] of children.entries()) {
    expect(child.poll()).toMatchObject({ state: 'exited', exit: { code } });
  }
  expect(killed.poll()).toMatchObject({ state: 'exited', exit: { signal: 'SIGKILL' } });
  const exits = await Promise.all(children.map((child) => child.exited));
  expect(exits.map(({ code }) => code)).toEqual(children.map((_, code) => code));
  await Promise.all([...children, killed].map((child) => child.empty));
  expect(zombieChildren()).toEqual([]);
});

describe('a child that ended in time, of which the loop hears only after the deadline', () => {
  test('wait(timeout) resolves with its exit', async () => {
    const child = await spawn('/bin/cat', [], { stdio: ['pipe', 'ignore', 'ignore'] });
    const waiting = child.wait({ timeout: deadline });
    child.kill('SIGKILL');
    blockLoop(blocked);
    expect(await waiting).toMatchObject({ signal: 'SIGKILL' });
  });

  test("run's timeout does not claim to have ended it", async () => {
    let pid = 0;
    const running = run('/bin/sleep', ['0.2'], {
      timeout: deadline,
      progressInterval: 10,
      onProgress: (info) => {
        pid = info.pid;
      },
    });
    while (pid === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    blockLoop(blocked);
    expect(await running).toMatchObject({
      status: 'completed',
      exit: { code: 0 },
      termination: { method: 'natural' },
    });
  });

  test('terminate reports the step that ended it, and sends nothing more', async () => {
    const child = await spawn('/bin/cat', [], { stdio: ['pipe', 'ignore', 'ignore'] });
    const terminating = child.terminate({ eofWait: deadline });
    // The end of its input is written by the loop: it needs a turn of it.
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    blockLoop(blocked);
    const termination = await terminating;
    expect(termination).toMatchObject({ method: 'eof', survivors: [] });
    expect(termination.steps.map(({ step }) => step)).toEqual(['eof']);
    expect(await child.exited).toMatchObject({ code: 0, signal: null });
  });
});
