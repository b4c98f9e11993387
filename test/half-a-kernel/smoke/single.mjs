// One child at a time: started, looked at, signalled, stopped; and what can't be started.
import assert from 'node:assert/strict';
import { spawn as nodeSpawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync } from 'node:fs';
import { posix, run, spawn } from 'reapwell';
import { firstLine, pidsOf, ready, startCat, waits } from './support.mjs';

export const cases = {
  async 'exit codes'() {
    for (const code of [0, 1, 7, 128, 143, 255]) {
      const { status, exit } = await run('/bin/sh', ['-c', `exit ${code}`]);
      assert.deepEqual([status, exit.code], [code === 0 ? 'completed' : 'failed', code]);
    }
    const { exit } = await run('/bin/sh', ['-c', 'kill -TERM $$']);
    assert.deepEqual([exit.code, exit.signal], [null, 'SIGTERM']);
  },

  async 'sixty at once'() {
    const codes = Array.from({ length: 60 }, (_, i) => i);
    const done = await Promise.all(codes.map((i) => run('/bin/sh', ['-c', `exit ${i}`])));
    const told = done.map(({ exit }) => exit.code);
    assert.deepEqual(told, codes);
  },

  async 'poll, wait, kill'() {
    const child = await startCat();
    assert.deepEqual(child.poll(), { state: 'running' });
    await assert.rejects(child.wait({ timeout: 20 }), { name: 'TimeoutError' });
    assert.equal(child.kill('SIGUSR1'), true);
    assert.equal((await child.exited).signal, 'SIGUSR1');
    assert.equal(child.poll().exit.signal, 'SIGUSR1');
    assert.equal(child.kill('SIGKILL'), false);
    await child.empty;
    assert.equal(child.kill('SIGKILL', 'group'), false);
  },

  async 'stops and continues'() {
    const child = await startCat();
    const stopped = once(child, 'stop');
    child.kill('SIGSTOP');
    assert.deepEqual(await stopped, ['SIGSTOP']);
    assert.deepEqual(child.poll(), { state: 'stopped', signal: 'SIGSTOP' });
    const continued = once(child, 'continue');
    child.kill('SIGCONT');
    await continued;
    child.kill('SIGKILL');
    assert.equal((await child.exited).signal, 'SIGKILL');
  },

  async 'ended while it is stopped'() {
    const child = await startCat();
    child.kill('SIGSTOP');
    const escalation = [{ signal: 'SIGTERM', wait: 10_000 }];
    assert.equal((await child.terminate({ escalation })).method, 'sigterm');
  },

  async 'what can not be started'() {
    await assert.rejects(spawn('/nope'), { code: 'ENOENT' });
    await assert.rejects(spawn('/bin/true', [], { cwd: '/nope' }), { code: 'ENOENT' });
    await assert.rejects(spawn('/tmp'), { code: 'EACCES' });
  },

  async 'foreign descriptors are kept out'() {
    // What we were started with (test/fixtures/with-descriptor.cc).
    assert.ok(existsSync('/proc/self/fd/40'));
    const kept = openSync('/dev/zero', 'r');
    const stdio = ['ignore', 'pipe', 'inherit', kept];
    const { stdout } = await run('/bin/ls', ['-l', '/proc/self/fd'], { stdio });
    closeSync(kept);
    const open = [...stdout.matchAll(/ (\d+) -> (\S+)/g)];
    const numbers = open.filter(([, , to]) => !to.startsWith('/proc/')).map(([, fd]) => fd);
    assert.deepEqual(numbers, ['0', '1', '2', '3']);
  },

  async 'a leader alone'() {
    const child = await spawn(ready, ['--ignore=TERM'], { ...waits, scope: 'leader' });
    await firstLine(child.stdout);
    assert.deepEqual(pidsOf(child.members()), [child.pid]);
    assert.equal((await child.terminate()).method, 'sigkill');
  },

  async 'an abort'() {
    const abort = new AbortController();
    const running = run(ready, ['--ignore=TERM'], { ...waits, signal: abort.signal });
    setTimeout(() => abort.abort(), 50);
    const { status, termination } = await running;
    assert.deepEqual([status, termination.survivors ?? []], ['terminated', []]);
  },

  async 'an abort before the start'() {
    const stale = { ...waits, signal: AbortSignal.abort() };
    assert.equal((await run(ready, [], stale)).status, 'terminated');
  },

  async posix() {
    const pid = posix.posixSpawn('/bin/sh', ['-c', 'exit 9']);
    assert.equal(posix.WEXITSTATUS(posix.waitpid(pid, 0).status), 9);
    const second = posix.posixSpawn('/bin/sh', ['-c', 'exit 3']);
    assert.equal(posix.waitid(posix.P_PID, second, posix.WEXITED).status, 3);
    assert.throws(() => posix.kill(second, 0), { code: 'ESRCH' });
  },

  async 'node:child_process beside it'() {
    const exits = [0, 1, 2, 3].map((code) =>
      once(nodeSpawn('/bin/sh', ['-c', `exit ${code}`]), 'exit'),
    );
    const codes = (await Promise.all(exits)).map(([code]) => code);
    assert.deepEqual(codes, [0, 1, 2, 3]);
  },
};
