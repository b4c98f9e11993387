// An escalation of the caller's own: a list of steps in place of the default ones.
import { describe, expect, test } from 'vitest';
import { run, spawn, type Child, type EscalationStep } from '../../src/index.js';
import { startCat, startReady } from '../children.js';
import { groupMembers, isAlive } from '../support/proc.js';

const kill = { signal: 'SIGKILL', wait: 5_000 } as const;

test('signals are sent in the order of the list, and the reports follow it', async () => {
  const { child } = await startReady(['--ignore=INT,HUP']);
  const termination = await child.terminate({
    escalation: [
      { signal: 'SIGINT', wait: 20 },
      { signal: 'SIGHUP', wait: 20 },
      { signal: 'SIGUSR2', wait: 5_000 },
      kill,
    ],
  });
  expect(termination).toMatchObject({ method: 'sigusr2', survivors: [] });
  expect(termination.steps).toMatchObject([
    { step: 'sigint', delivered: true, ended: false },
    { step: 'sighup', delivered: true, ended: false },
    { step: 'sigusr2', delivered: true, ended: true },
  ]);
  expect(await child.exited).toMatchObject({ signal: 'SIGUSR2' });
});

describe("a signal step's scope", () => {
  test("'leader' spares the members", async () => {
    const { child, members } = await startReady(['--members=2']);
    const { steps } = await child.terminate({
      escalation: [
        { signal: 'SIGTERM', scope: 'leader', wait: 100 },
        {
          action: () => {
            expect(child.poll()).toMatchObject({ state: 'exited' });
            expect(members.filter(isAlive)).toEqual(members);
          },
          wait: 0,
        },
        kill,
      ],
    });
    expect(steps).toMatchObject([
      { step: 'sigterm', ended: false },
      { step: 'action', delivered: true },
      { step: 'sigkill', ended: true },
    ]);
    expect(groupMembers(child.pid)).toEqual([]);
  });

  test('is the whole group unless said otherwise', async () => {
    const { child } = await startReady(['--members=2']);
    const escalation = [{ signal: 'SIGTERM', wait: 5_000 }, kill] as const;
    expect(await child.terminate({ escalation })).toMatchObject({ method: 'sigterm' });
  });
});

describe('an action', () => {
  test('is given the child, and ends it by whatever it does', async () => {
    const child = await startCat();
    const seen: unknown[] = [];
    const action = (target: Child) => {
      seen.push(target);
      target.stdin?.end();
    };
    const termination = await child.terminate({ escalation: [{ action, wait: 5_000 }, kill] });
    expect(termination).toMatchObject({
      method: 'action',
      steps: [{ step: 'action', delivered: true, ended: true }],
    });
    expect(seen).toEqual([child]);
    expect(await child.exited).toMatchObject({ code: 0 });
  });

  test('that takes longer than its wait is left behind', async () => {
    const child = await startCat();
    const action = () => new Promise(() => undefined);
    expect(await child.terminate({ escalation: [{ action, wait: 20 }, kill] })).toMatchObject({
      method: 'sigkill',
    });
  });

  test.each([
    [
      'throws',
      () => {
        throw new Error('no');
      },
    ],
    ['rejects', () => Promise.reject(new Error('no'))],
  ])('that %s is reported so, and the escalation goes on', async (_name, action) => {
    const child = await startCat();
    const { method, steps } = await child.terminate({
      escalation: [{ action, wait: 20 }, kill],
    });
    expect(method).toBe('sigkill');
    expect(steps[0]).toMatchObject({
      step: 'action',
      delivered: false,
      ended: false,
      error: expect.objectContaining({ message: 'no' }) as unknown,
    });
  });
});

test('an eof step is passed over where no input is held', async () => {
  const child = await startCat({ stdio: 'ignore', group: 'new' });
  const { child: ready } = await startReady([], { stdio: ['ignore', 'pipe', 'ignore'] });
  await child.empty;
  const { steps } = await ready.terminate({ escalation: [{ eof: true, wait: 5_000 }, kill] });
  expect(steps.map(({ step }) => step)).toEqual(['sigkill']);
});

test('a list given to spawn is that of terminate, of timeout and of abort', async () => {
  const escalation = [{ signal: 'SIGUSR1', wait: 5_000 }] as const;
  const { child } = await startReady([], { escalation });
  expect(await child.terminate()).toMatchObject({ method: 'sigusr1' });
  const completion = await run('/bin/sleep', ['60'], { escalation, timeout: 50 });
  expect(completion).toMatchObject({
    status: 'timeout',
    exit: { signal: 'SIGUSR1' },
    termination: { method: 'sigusr1' },
  });
});

describe('a list that makes no sense', () => {
  const cases: [unknown, string, string][] = [
    ['SIGTERM', 'TypeError', 'ERR_INVALID_ARG_TYPE'],
    [[], 'TypeError', 'ERR_INVALID_ARG_VALUE'],
    [['SIGTERM'], 'TypeError', 'ERR_INVALID_ARG_TYPE'],
    [[{ wait: 5 }], 'TypeError', 'ERR_INVALID_ARG_VALUE'],
    [[{ signal: 'SIGTERM', eof: true, wait: 5 }], 'TypeError', 'ERR_INVALID_ARG_VALUE'],
    [[{ signal: 'SIGNONE', wait: 5 }], 'TypeError', 'ERR_UNKNOWN_SIGNAL'],
    [[{ signal: 'SIGTERM' }], 'TypeError', 'ERR_INVALID_ARG_TYPE'],
    [[{ signal: 'SIGTERM', wait: -1 }], 'RangeError', 'ERR_OUT_OF_RANGE'],
    [[{ signal: 'SIGTERM', scope: 'world', wait: 5 }], 'TypeError', 'ERR_INVALID_ARG_VALUE'],
    [[{ action: 'stop', wait: 5 }], 'TypeError', 'ERR_INVALID_ARG_TYPE'],
  ];

  test.each(cases)('%j is refused before anything happens', async (list, name, code) => {
    const escalation = list as EscalationStep<Child>[];
    await expect(spawn('/bin/cat', [], { escalation })).rejects.toMatchObject({ name, code });
    const child = await startCat();
    await expect(child.terminate({ escalation })).rejects.toMatchObject({ name, code });
    expect(child.poll()).toEqual({ state: 'running' });
  });
});
