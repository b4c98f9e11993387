// Groups, sessions, trees and cgroups: ended whole, and named where they are not.
import assert from 'node:assert/strict';
import { posix, run, spawn } from 'reapwell';
import {
  firstLine,
  living,
  numbersIn,
  pidsOf,
  ready,
  startCat,
  startScope,
  waits,
  wide,
} from './support.mjs';

export const cases = {
  async 'stragglers are ended'() {
    for (const scope of ['group', ...wide.slice(1)]) {
      const flags = ['--members=2', '--member-ignore=TERM', '--leave=4'];
      if (scope !== 'group') flags.push('--member-session');
      const { status, exit, termination, stdout } = await run(ready, flags, { ...waits, scope });
      assert.deepEqual([status, exit.code, termination.method], ['failed', 4, 'sigkill']);
      assert.deepEqual(living(numbersIn(stdout)), []);
    }
  },

  async 'a signal to a group whose leader is gone'() {
    const flags = ['--members=2', '--leave=4'];
    const child = await spawn(ready, flags, { ...waits, stdio: ['ignore', 'pipe', 'ignore'] });
    const members = numbersIn(await firstLine(child.stdout));
    assert.equal((await child.exited).code, 4);
    assert.deepEqual(
      pidsOf(child.members()),
      members.sort((a, b) => a - b),
    );
    assert.equal(child.kill('SIGTERM', 'group'), true);
    await child.empty;
    assert.deepEqual(living(members), []);
  },

  async 'joining a group'() {
    const host = await startCat();
    const guest = await spawn('/bin/sleep', ['60'], { group: host.pgid, stdio: 'ignore' });
    assert.equal(posix.getpgid(guest.pid), host.pid);
    assert.equal(host.kill('SIGKILL', 'group'), true);
    const signals = [(await host.exited).signal, (await guest.exited).signal];
    assert.deepEqual(signals, ['SIGKILL', 'SIGKILL']);
    await host.empty;
  },
};

for (const scope of ['group', ...wide]) {
  cases[`a ${scope} that heeds SIGTERM`] = async () => {
    const { child, all } = await startScope(scope, false);
    assert.deepEqual(pidsOf(child.members()), all);
    const { method, survivors } = await child.terminate({ ...waits, grace: 10_000 });
    assert.deepEqual([method, survivors, living(all)], ['sigterm', [], []]);
  };

  cases[`a ${scope} that ignores SIGTERM`] = async () => {
    const { child, all } = await startScope(scope, true);
    const failed = await child.terminate({ escalation: [{ signal: 'SIGTERM', wait: 50 }] });
    assert.deepEqual([failed.method, pidsOf(failed.survivors)], ['failed', all]);
    const { method, survivors } = await child.terminate(waits);
    assert.deepEqual([method, survivors, living(all)], ['sigkill', [], []]);
    await child.empty;
  };

  cases[`a ${scope} that is stopped`] = async () => {
    const { child, all } = await startScope(scope, false);
    for (const pid of all) process.kill(pid, 'SIGSTOP');
    const { method, survivors } = await child.terminate({ ...waits, grace: 10_000 });
    assert.deepEqual([method, survivors, living(all)], ['sigterm', [], []]);
  };
}
