// Every child leads a group of its own from its first instruction on.
import { describe, expect, test } from 'vitest';
import { posix, spawn } from '../../src/index.js';
import { start } from '../children.js';
import { fixture } from '../support/fixture.js';
import { readStat } from '../support/proc.js';

const spawns = 5_000;
const atOnce = 50;

test(`getpgid(pid) is pid when spawn resolves, ${spawns} times`, { timeout: 60_000 }, async () => {
  let done = 0;
  let right = 0;
  const lane = async () => {
    while (done < spawns) {
      done++;
      const child = await spawn('/bin/cat', [], { stdio: ['pipe', 'ignore', 'ignore'] });
      if (posix.getpgid(child.pid) === child.pid && child.pgid === child.pid) right++;
      child.kill('SIGKILL');
      await child.exited;
    }
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
  expect(right).toBe(spawns);
});

describe('option group', () => {
  test("'new' is the default, in our session", async () => {
    const child = await start('/bin/cat');
    expect(readStat(child.pid)).toMatchObject({ pgid: child.pid, sid: posix.getsid(0) });
    expect(child.scope).toBe('group');
  });

  test('session starts one, of which the child leads group and session', async () => {
    const child = await start('/bin/cat', [], { session: true });
    expect(readStat(child.pid)).toMatchObject({ pgid: child.pid, sid: child.pid });
    expect(child.pgid).toBe(child.pid);
    expect(child.kill('SIGTERM', 'group')).toBe(true);
    expect(await child.exited).toMatchObject({ signal: 'SIGTERM' });
  });

  test("'inherit' stays in ours, which is never signalled", async () => {
    const child = await start('/bin/cat', [], { group: 'inherit' });
    const own = posix.getpgid(0);
    expect(readStat(child.pid)).toMatchObject({ pgid: own });
    expect(child).toMatchObject({ pgid: own, scope: 'leader' });
    expect(() => child.kill('SIGTERM', 'group')).toThrow(
      expect.objectContaining({ code: 'ERR_REAPWELL_FOREIGN_GROUP' }),
    );
    expect(child.members().map(({ pid }) => pid)).toEqual([child.pid]);
    expect(await child.terminate({ eofWait: 0 })).toMatchObject({ survivors: [] });
    expect(await child.exited).toBeDefined();
    await child.empty;
  });
});

test('a group of a child that has exited with nothing left behind is empty at once', async () => {
  for (let round = 0; round < 50; round++) {
    const child = await spawn(fixture('exit-now'), [], { stdio: 'ignore' });
    await child.empty;
    expect(child.poll()).toMatchObject({ state: 'exited', exit: { code: 0 } });
    expect(child.members()).toEqual([]);
    expect(child.kill('SIGTERM', 'group')).toBe(false);
  }
});
