// spawn, run and posixSpawn refuse what they can't mean exactly, before anything has started. Nothing
// in this file starts a process, so that the library's threads never come to be.
import { afterAll, describe, expect, test } from 'vitest';
import { configure, posix, run, spawn } from '../../src/index.js';
import { expectNeverStarted, expectRefused, promised } from './nothing-started.js';
import {
  badArguments,
  badAttributes,
  badFiles,
  badOptions,
  badRunOptions,
  notObjects,
  revokedProxies,
  throwing,
  unknownOptions,
} from './values.js';

type Anything = (...args: unknown[]) => unknown;

// Each a promise, or for the raw call whatever it does.
const calls: [string, Anything, Record<string, unknown[]>][] = [
  ['spawn', (...args) => promised(() => (spawn as Anything)(...args)), badOptions],
  ['run', (...args) => promised(() => (run as Anything)(...args)), badRunOptions],
  ['posixSpawn', posix.posixSpawn as Anything, badAttributes],
];

const program = '/bin/true';

afterAll(expectNeverStarted);

describe.each(calls)('%s', (name, call, options) => {
  test('refuses bad programs', async () => {
    await expectRefused(badFiles, (file) => call(file, []));
  });

  test('refuses bad arguments', async () => {
    await expectRefused(badArguments, (args) => call(program, args));
  });

  test('refuses what is no object of options', async () => {
    await expectRefused(notObjects, (value) => call(program, [], value));
  });

  test.each(Object.keys(options))('refuses bad values for %s', async (option) => {
    await expectRefused(options[option]!, (value) => call(program, [], { [option]: value }));
  });

  test('refuses revoked proxies wherever they are', async () => {
    await expectRefused(revokedProxies(), (file) => call(file, []));
    await expectRefused(revokedProxies(), (args) => call(program, args));
    await expectRefused(revokedProxies(), (arg) => call(program, [arg]));
    await expectRefused(revokedProxies(), (value) => call(program, [], value));
    for (const key of Object.keys(options)) {
      await expectRefused(revokedProxies(), (value) => call(program, [], { [key]: value }));
    }
    await expectRefused(revokedProxies(), (value) => call(program, [], { env: { A: value } }));
    await expectRefused(revokedProxies(), (value) =>
      call(program, [], { stdio: ['ignore', value] }),
    );
    await expectRefused(revokedProxies(), (value) => call(program, [], { groups: [value] }));
    await expectRefused(revokedProxies(), (value) =>
      call(program, [], { limits: { core: value } }),
    );
    await expectRefused(revokedProxies(), (value) =>
      call(program, [], { escalation: [value], input: 'x' }),
    );
    await expectRefused(revokedProxies(), (stdio) => call(program, [], { input: 'x', stdio }));
  });

  test('refuses options that it does not know, whatever their value', async () => {
    await expectRefused(unknownOptions, (option) =>
      call(program, [], { [option as string]: undefined }),
    );
    await expectRefused(unknownOptions, (option) => call(program, [], { [option as string]: 1 }));
  });

  test('refuses a bad value beside good ones', async () => {
    const good = { cwd: '/', env: {}, stdio: 'ignore', nice: 5, umask: 0 };
    await expectRefused(Object.keys(options), (option) => {
      const bad = options[option as string]!.find((value) => value !== undefined);
      return call(program, [], { ...good, [option as string]: bad });
    });
  });

  test('lets an error of the options’ own getters through, or refuses', async () => {
    const own = new Error('of the getter');
    const keys = Object.keys(options);
    const inside = ['env', 'limits', 'escalation'].filter((key) => key in options);
    const values = [
      ...throwing(own, keys),
      ...inside.flatMap((key) =>
        throwing(own, ['nofile', 'PATH', '0', 'length']).map((value) => ({ [key]: value })),
      ),
      ...('escalation' in options
        ? throwing(own, ['eof', 'signal', 'action', 'wait', 'scope']).map((step) => ({
            escalation: [step],
          }))
        : []),
    ];
    for (const value of values) {
      const outcome = await Promise.resolve()
        .then(() => call(program, [], value))
        .catch((error: unknown) => error);
      if (outcome !== own) await expectRefused([outcome], (error) => error);
    }
  });

  test('lets an error of the arguments’ own getters through', async () => {
    const own = new Error('of the getter');
    const args = ['good'];
    Object.defineProperty(args, 1, {
      enumerable: true,
      get: () => {
        throw own;
      },
    });
    const outcome = await Promise.resolve()
      .then(() => call(program, args))
      .catch((error: unknown) => error);
    expect(outcome, name).toBe(own);
  });
});

test('posixSpawn refuses pipes, and options that only a watched child can have', async () => {
  const spawnRaw = posix.posixSpawn as Anything;
  const stdio = [
    'pipe',
    ['pipe'],
    ['ignore', 'ignore', null],
    ['ignore', 'ignore', 'ignore', 'pipe'],
  ];
  await expectRefused(stdio, (value) => spawnRaw(program, [], { stdio: value }));
  const options = ['signal', 'timeout', 'scope', 'eofWait', 'grace', 'killWait', 'escalation'];
  await expectRefused(options, (option) => spawnRaw(program, [], { [option as string]: 1 }));
});

test('spawn refuses options that only run has', async () => {
  const only = Object.keys(badRunOptions).filter((option) => !(option in badOptions));
  expect(only).toHaveLength(11);
  await expectRefused(only, (option) =>
    (spawn as Anything)(program, [], { [option as string]: 1 }),
  );
});

test('run refuses input that has nowhere to go', async () => {
  const stdio = ['ignore', 'inherit', ['ignore'], [0]];
  await expectRefused(stdio, (value) =>
    (run as Anything)(program, [], { input: 'x', stdio: value }),
  );
});

test('configure refuses bad values', async () => {
  const values = [
    ...notObjects,
    ...[null, true, '', 'x', 'CLAIM', 1, {}].map((sigchld) => ({ sigchld })),
    ...[null, 'off', 0, 1, {}].map((pidfd) => ({ pidfd })),
    { bogus: 1 },
  ];
  await expectRefused(values, configure as Anything);
});
