// wait(): as long as the caller says, and the child is none the worse for it.
import { describe, expect, test } from 'vitest';
import { AbortError, TimeoutError, type Child } from '../../src/index.js';
import { startCat } from '../children.js';
import { isAlive } from '../support/proc.js';

/** It must still do its work, and end of itself. */
async function expectUnharmed(child: Child): Promise<void> {
  expect(isAlive(child.pid)).toBe(true);
  expect(child.poll()).toEqual({ state: 'running' });
  child.stdin?.end();
  expect(await child.exited).toMatchObject({ code: 0, signal: null });
}

describe('timeout', () => {
  test.each([0, 20])(
    'of %d ms rejects with a TimeoutError and leaves the child alone',
    async (timeout) => {
      const child = await startCat();
      const failure = await child.wait({ timeout }).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(TimeoutError);
      expect(failure).toMatchObject({ name: 'TimeoutError', code: 'ERR_REAPWELL_TIMEOUT' });
      await expectUnharmed(child);
    },
  );

  test('that is not reached makes no difference', async () => {
    const child = await startCat();
    const waiting = child.wait({ timeout: 20_000 });
    child.stdin?.end();
    expect(await waiting).toMatchObject({ code: 0 });
  });

  test('of Infinity waits on', async () => {
    const child = await startCat();
    const waiting = child.wait({ timeout: Infinity });
    child.stdin?.end();
    expect(await waiting).toMatchObject({ code: 0 });
  });

  test.each([NaN, -1])('of %d is a RangeError', async (timeout) => {
    const child = await startCat();
    await expect(async () => child.wait({ timeout })).rejects.toMatchObject({
      name: 'RangeError',
      code: 'ERR_OUT_OF_RANGE',
    });
    await expectUnharmed(child);
  });
});

describe('signal', () => {
  test('that fires rejects with an AbortError and leaves the child alone', async () => {
    const child = await startCat();
    const controller = new AbortController();
    const waiting = child.wait({ signal: controller.signal });
    const reason = new Error('enough');
    controller.abort(reason);
    const failure = await waiting.catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(AbortError);
    expect(failure).toMatchObject({
      name: 'AbortError',
      code: 'ERR_REAPWELL_ABORTED',
      cause: reason,
    });
    await expectUnharmed(child);
  });

  test('that has fired rejects at once', async () => {
    const child = await startCat();
    await expect(child.wait({ signal: AbortSignal.abort() })).rejects.toBeInstanceOf(AbortError);
    await expectUnharmed(child);
  });

  test('that fires after the exit does nothing', async () => {
    const child = await startCat();
    const controller = new AbortController();
    const waiting = child.wait({ signal: controller.signal });
    child.stdin?.end();
    const exit = await waiting;
    controller.abort();
    expect(await child.wait()).toEqual(exit);
  });

  test('keeps no listener once the wait is over', async () => {
    const child = await startCat();
    let listeners = 0;
    const { signal } = new AbortController();
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = (...args: Parameters<typeof add>) => {
      listeners++;
      add(...args);
    };
    signal.removeEventListener = (...args: Parameters<typeof remove>) => {
      listeners--;
      remove(...args);
    };
    for (let wait = 0; wait < 20; wait++) {
      await expect(child.wait({ signal, timeout: 1 })).rejects.toBeInstanceOf(TimeoutError);
    }
    expect(listeners).toBe(0);
  });
});

test('one waiter that gives up takes nothing from the others', async () => {
  const child = await startCat();
  const patient = child.wait();
  await expect(child.wait({ timeout: 1 })).rejects.toBeInstanceOf(TimeoutError);
  await expect(child.wait({ signal: AbortSignal.abort() })).rejects.toBeInstanceOf(AbortError);
  child.stdin?.end();
  expect(await patient).toMatchObject({ code: 0 });
});
