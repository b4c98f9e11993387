// `await using`: a child does not outlive the block that started it, unless it is handed over.
import { expect, onTestFinished, test } from 'vitest';
import { spawn } from '../../src/index.js';
import { fixture } from '../support/fixture.js';
import { groupMembers, isAlive } from '../support/proc.js';

test('the end of the block ends the child and its group', async () => {
  let pid: number;
  {
    await using child = await spawn(fixture('ready'), ['--members=2'], { eofWait: 20 });
    pid = child.pid;
    await new Promise((resolve) => child.stdout?.once('data', resolve));
    expect(groupMembers(pid)).toHaveLength(3);
  }
  expect(groupMembers(pid)).toEqual([]);
});

test('so does an exception', async () => {
  let pid = 0;
  const failing = async () => {
    await using child = await spawn('/bin/cat');
    pid = child.pid;
    throw new Error('in the block');
  };
  await expect(failing()).rejects.toThrow('in the block');
  expect(isAlive(pid)).toBe(false);
});

test('a child that has ended by itself costs it nothing', async () => {
  {
    await using child = await spawn(fixture('exit-now'));
    await child.exited;
  }
});

test('a released child lives on, and its signal and timeout no longer end it', async () => {
  const controller = new AbortController();
  let pid: number;
  {
    await using child = await spawn('/bin/sleep', ['60'], {
      stdio: 'ignore',
      signal: controller.signal,
      timeout: 100,
    });
    pid = child.pid;
    onTestFinished(() => void process.kill(pid, 'SIGKILL'));
    child.release();
    controller.abort();
    await child.wait({ timeout: 300 }).catch(() => undefined);
  }
  expect(isAlive(pid)).toBe(true);
});
