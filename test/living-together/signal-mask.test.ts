// The claim blocks SIGCHLD in every thread of this process. That must end at its border.
import { execFileSync, fork, spawn as spawnNode, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { capabilities, posix, run } from '../../src/index.js';
import { claimsSigchld } from '../modes.js';
import { fixture } from '../support/fixture.js';
import { jsonProgram, repository } from '../support/program.js';

const status = ['/proc/self/status'];

/** The blocked signals that a /proc/PID/status tells of, in hexadecimal. */
const blockedIn = (text: string) => /^SigBlk:\s+(\w+)$/m.exec(text)?.[1];
const none = '0'.repeat(16);

beforeAll(async () => {
  expect((await run('/bin/true')).status).toBe('completed');
  // Without this the rest would show nothing.
  expect(capabilities().sigchld).toBe(claimsSigchld ? 'claimed' : 'shared');
});

describe('children of node:child_process start with no signal blocked', () => {
  test('spawn', async () => {
    const child = spawnNode('/bin/cat', status);
    let text = '';
    for await (const chunk of child.stdout.setEncoding('utf8')) text += chunk as string;
    expect(blockedIn(text)).toBe(none);
  });

  test('spawnSync and execFileSync', () => {
    expect(blockedIn(spawnSync('/bin/cat', status, { encoding: 'utf8' }).stdout)).toBe(none);
    expect(blockedIn(execFileSync('/bin/cat', status, { encoding: 'utf8' }))).toBe(none);
  });

  test('fork', async () => {
    const child = fork(`${repository}/test/fixtures/own-status.mjs`);
    onTestFinished(() => void child.kill('SIGKILL'));
    const text = await new Promise<string>((resolve) => {
      child.once('message', (message) => resolve(message as string));
    });
    expect(blockedIn(text)).toBe(none);
  });

  test('spawn inside a worker', async () => {
    const { sigchld, text } = await jsonProgram<{ sigchld: string; text: string }>(`
      import { spawnSync } from 'node:child_process';
      import { Worker, isMainThread } from 'node:worker_threads';
      import { capabilities, run } from 'reapwell';
      if (isMainThread) {
        new Worker(new URL(import.meta.url));
      } else {
        await run('/bin/true');
        const text = spawnSync('/bin/cat', ['/proc/self/status'], { encoding: 'utf8' }).stdout;
        console.log(JSON.stringify({ sigchld: capabilities().sigchld, text }));
      }
    `);
    expect(sigchld).toBe(claimsSigchld ? 'claimed' : 'shared');
    expect(blockedIn(text)).toBe(none);
  });
});

test("a plain fork of another addon's has SIGCHLD unblocked", async () => {
  const folder = mkdtempSync(join(tmpdir(), 'reapwell-fork-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const report = join(folder, 'report');
  const { own } = await jsonProgram<{ own: string }>(
    `
      import { readFileSync } from 'node:fs';
      import { run } from 'reapwell';
      await run('/bin/true');
      process.dlopen({ exports: {} }, process.argv[2]);
      console.log(JSON.stringify({ own: readFileSync('/proc/thread-self/status', 'utf8') }));
    `,
    { args: [fixture('on-load')], env: { ON_LOAD: 'fork', ON_LOAD_REPORT: report } },
  );
  const sigchld = 1n << 16n;
  expect(BigInt(`0x${blockedIn(own)}`) & sigchld).toBe(claimsSigchld ? sigchld : 0n);
  expect(BigInt(`0x${readFileSync(report, 'utf8').trim()}`) & sigchld).toBe(0n);
});

test("our own children and posix.posixSpawn's start with no signal blocked", async () => {
  expect(blockedIn((await run('/bin/cat', status)).stdout)).toBe(none);
  // Its output can only be a descriptor: the shell compares for us.
  const pid = posix.posixSpawn('/bin/sh', ['-c', `grep -q 'SigBlk:.${none}' /proc/self/status`]);
  expect(posix.WEXITSTATUS(posix.waitpid(pid, 0).status)).toBe(0);
});
