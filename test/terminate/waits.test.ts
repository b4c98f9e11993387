// eofWait, grace and killWait: every number of milliseconds means something, or is refused.
import { describe, expect, test } from 'vitest';
import { run, spawn, type Child, type EscalationOptions } from '../../src/index.js';
import { isSettled, startCat, startReady } from '../children.js';
import { ownChildren } from '../support/proc.js';
import { waitFor } from '../support/wait-for.js';

describe('0', () => {
  test('is no wait: SIGKILL follows at once', async () => {
    const { child } = await startReady(['--ignore=TERM']);
    const { method, steps } = await child.terminate({ eofWait: 0, grace: 0 });
    expect(method).toBe('sigkill');
    expect(steps.map(({ step }) => step)).toEqual(['eof', 'sigterm', 'sigkill']);
  });

  test('as killWait reports what is found there and then', async () => {
    const { child } = await startReady(['--ignore=TERM']);
    const termination = await child.terminate({ eofWait: 0, grace: 0, killWait: 0 });
    if (termination.method === 'failed') expect(termination.survivors).toHaveLength(1);
    else expect(termination.survivors).toEqual([]);
    await child.empty;
  });
});

describe.each([Infinity, 2 ** 31, 2 ** 40])('%d', (forEver) => {
  test('as grace waits as long as the child takes', async () => {
    const { child } = await startReady(['--ignore=TERM']);
    const terminating = child.terminate({ eofWait: 0, grace: forEver });
    expect(await isSettled(child.wait({ timeout: 300 }).catch(() => undefined))).toBe(false);
    await child.wait({ timeout: 300 }).catch(() => undefined);
    expect(child.poll()).toEqual({ state: 'running' });
    child.kill('SIGUSR1');
    expect(await terminating).toMatchObject({ method: 'sigterm', survivors: [] });
    expect(await child.exited).toMatchObject({ signal: 'SIGUSR1' });
  });

  test('as eofWait does the same', async () => {
    const { child } = await startReady(['--exit-on=TERM:9']);
    const terminating = child.terminate({ eofWait: forEver });
    await child.wait({ timeout: 300 }).catch(() => undefined);
    expect(child.poll()).toEqual({ state: 'running' });
    child.kill('SIGUSR1');
    expect(await terminating).toMatchObject({ method: 'eof' });
  });
});

const wrong: [EscalationOptions<Child>, string, string][] = (
  ['eofWait', 'grace', 'killWait'] as const
).flatMap((name): [EscalationOptions<Child>, string, string][] => [
  [{ [name]: NaN }, 'RangeError', 'ERR_OUT_OF_RANGE'],
  [{ [name]: -1 }, 'RangeError', 'ERR_OUT_OF_RANGE'],
  [{ [name]: -Infinity }, 'RangeError', 'ERR_OUT_OF_RANGE'],
  [{ [name]: '5' as never }, 'TypeError', 'ERR_INVALID_ARG_TYPE'],
  [{ [name]: null as never }, 'TypeError', 'ERR_INVALID_ARG_TYPE'],
]);

describe.each(wrong)('%o', (options, name, code) => {
  test(`is a ${name} of terminate, which then does nothing`, async () => {
    const child = await startCat();
    await expect(child.terminate(options)).rejects.toMatchObject({ name, code });
    expect(child.poll()).toEqual({ state: 'running' });
    expect(child.endedBy).toBeUndefined();
  });

  test(`is a ${name} of spawn and run, which then start nothing`, async () => {
    await expect(spawn('/bin/cat', [], options)).rejects.toMatchObject({ name, code });
    await expect(run('/bin/cat', [], options)).rejects.toMatchObject({ name, code });
    await waitFor(() => !ownChildren().some(({ command }) => command === 'cat'));
  });
});

describe('waits given to spawn', () => {
  test('are those of terminate', async () => {
    const { child } = await startReady(['--ignore=TERM'], { eofWait: 10, grace: 10 });
    expect(await child.terminate()).toMatchObject({ method: 'sigkill' });
  });

  test('give way, one by one, to those that terminate is given', async () => {
    const { child } = await startReady(['--ignore=TERM'], { eofWait: 60_000, grace: 10 });
    expect(await child.terminate({ eofWait: 10 })).toMatchObject({ method: 'sigkill' });
  });
});
