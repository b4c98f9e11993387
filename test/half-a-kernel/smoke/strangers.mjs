// Processes that are not our children.
import assert from 'node:assert/strict';
import { spawn as nodeSpawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { attach } from 'reapwell';
import { until } from '../../support/inside.mjs';
import { living, numbersIn, pidsOf, ready, startCat, waits } from './support.mjs';

export const cases = {
  async 'a stranger that heeds SIGTERM'() {
    await endStranger([], 'sigterm', { ...waits, grace: 10_000 });
  },

  async 'a stranger that ignores SIGTERM'() {
    await endStranger(['--ignore=TERM', '--member-ignore=TERM'], 'sigkill', waits);
  },

  async "a stranger's stop and exit are heard of"() {
    const { stranger, all, parent } = await startStranger(['--exit-on=TERM:3', '--members=0']);
    assert.deepEqual(stranger.poll(), { state: 'running' });
    stranger.kill('SIGSTOP');
    assert.ok(await until(() => stranger.poll().state === 'stopped'));
    stranger.kill('SIGCONT');
    assert.ok(await until(() => stranger.poll().state === 'running'));
    process.kill(all[0], 'SIGTERM');
    const { known, code, signal } = await stranger.exited;
    assert.deepEqual([code, signal], known === false ? [null, null] : [3, null]);
    assert.equal(stranger.poll().state, 'exited');
    assert.equal(stranger.kill('SIGKILL'), false);
    await stranger.empty;
    await parent;
  },

  async 'who is not held'() {
    const child = await startCat();
    const { identity } = child;
    const other = { ...identity, startTicks: identity.startTicks + 1, inode: 0 };
    await assert.rejects(attach(other), { code: 'ESRCH' });
    child.kill('SIGKILL');
    await child.empty;
    await assert.rejects(attach(identity), { code: 'ESRCH' });
    const isThread = (tid) => tid !== process.pid;
    const thread = readdirSync('/proc/self/task').map(Number).find(isThread);
    await assert.rejects(attach(thread), ({ code }) => ['EINVAL', 'ENOENT'].includes(code));
  },
};

async function endStranger(flags, expected, options) {
  const { stranger, all, parent } = await startStranger(flags);
  assert.deepEqual(pidsOf(stranger.members()), all);
  const { method, survivors } = await stranger.terminate(options);
  assert.deepEqual([method, survivors, living(all)], [expected, [], []]);
  const { known, signal } = await stranger.exited;
  const truth = expected === 'sigkill' ? 'SIGKILL' : 'SIGTERM';
  assert.equal(signal, known === false ? null : truth);
  assert.equal(stranger.kill('SIGKILL'), false);
  await parent;
}

/** A group with two members that a shell has started, and reaps. */
async function startStranger(flags) {
  const script = `setsid "$0" --members=2 ${flags.join(' ')} </dev/null & echo $!; wait`;
  const shell = nodeSpawn('/bin/bash', ['-c', script, ready], { stdio: ['ignore', 'pipe', 2] });
  let said = '';
  shell.stdout.on('data', (chunk) => (said += chunk));
  const parent = once(shell, 'exit');
  const isReady = () => /^\d+$/m.test(said) && /^ready.*$/m.test(said);
  assert.ok(await until(isReady), `a stranger: ${said}`);
  const [leader] = /^\d+$/m.exec(said);
  const members = numbersIn(/^ready(.*)$/m.exec(said)[1]);
  const all = [Number(leader), ...members].sort((a, b) => a - b);
  return { stranger: await attach(Number(leader), { scope: 'group' }), all, parent };
}
