// A child's methods refuse what they can't mean, and the child does not notice.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { configure, spawn, type Child } from '../../src/index.js';
import { isAlive, readStat } from '../support/proc.js';
import { fixture } from '../support/fixture.js';
import { badEscalation, badDurations, badSignals, notObjects, notStrings } from './values.js';
import { show } from './nothing-started.js';

type Anything = (...args: unknown[]) => unknown;

let child: Child;

beforeAll(async () => {
  child = await spawn(fixture('ready'), [], { stdio: 'ignore' });
});

afterAll(async () => {
  child.kill('SIGKILL', 'group');
  await child.exited;
});

async function expectError(values: unknown[], attempt: Anything): Promise<void> {
  const accepted: string[] = [];
  for (const value of values) {
    try {
      await attempt(value);
      accepted.push(show(value));
    } catch (error) {
      const { code } = error as { code?: unknown };
      const known =
        error instanceof RangeError ? /^ERR_OUT_OF_RANGE$/ : /^ERR_(INVALID_ARG|UNKNOWN_S)/;
      const right = error instanceof RangeError || error instanceof TypeError;
      if (!right || !known.test(String(code))) accepted.push(`${show(value)}: ${String(error)}`);
    }
  }
  expect(accepted).toEqual([]);
  expect(child.poll()).toEqual({ state: 'running' });
  expect(readStat(child.pid)?.state).toMatch(/^[SR]$/);
  expect(isAlive(child.pid)).toBe(true);
}

test('kill refuses bad signals, by throwing', async () => {
  const call = (signal: unknown) => {
    (child.kill as Anything).call(child, signal);
  };
  await expectError([null, ...badSignals], call);
  for (const signal of badSignals) expect(() => call(signal)).toThrow();
});

test('kill refuses bad scopes', async () => {
  const scopes = [...notStrings, '', 'x', 'GROUP', 'leader\0'];
  await expectError(scopes, (scope) => (child.kill as Anything).call(child, 'SIGKILL', scope));
});

describe('wait', () => {
  const wait = (options: unknown) => (child.wait as Anything).call(child, options);

  test('refuses bad options', async () => {
    await expectError([...notObjects, { bogus: 1 }, { grace: 1 }], wait);
  });

  test('refuses bad timeouts', async () => {
    await expectError(
      badDurations.map((timeout) => ({ timeout })),
      wait,
    );
  });

  test('refuses what is no AbortSignal', async () => {
    const signals = [null, true, 1, 'x', {}, [], new AbortController(), { aborted: true }];
    await expectError(
      signals.map((signal) => ({ signal })),
      wait,
    );
  });
});

describe('terminate', () => {
  const terminate = (options: unknown) => (child.terminate as Anything).call(child, options);

  test('refuses bad options', async () => {
    await expectError(
      [...notObjects, { bogus: 1 }, { timeout: 1 }, { signal: 'SIGTERM' }],
      terminate,
    );
  });

  test.each(Object.keys(badEscalation))('refuses bad values for %s', async (option) => {
    await expectError(
      badEscalation[option]!.map((value) => ({ [option]: value })),
      terminate,
    );
  });
});

test('configure after the first spawn still tells a bad value from a late one', () => {
  expect(() => configure({ pidfd: 'no' as never })).toThrow(TypeError);
  expect(() => configure({ pidfd: true })).toThrow(
    expect.objectContaining({ code: 'ERR_REAPWELL_ALREADY_STARTED' }) as Error,
  );
});

test('options that the caller changes after the spawn change nothing', async () => {
  const options = { stdio: 'ignore' as const, eofWait: 0, grace: 10_000, killWait: 10_000 };
  const other = await spawn(fixture('ready'), [], options);
  Object.assign(options, { eofWait: NaN, grace: -1, killWait: 'soon', escalation: 'nonsense' });
  const { method, survivors } = await other.terminate();
  expect({ method, survivors }).toEqual({ method: 'sigterm', survivors: [] });
});
