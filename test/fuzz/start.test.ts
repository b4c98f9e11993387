// Anything at all given to what starts a program.
import fc from 'fast-check';
import { beforeAll, test } from 'vitest';
import { posix, run, spawn } from '../../src/index.js';
import { around, hostile, record, type Recipes } from './hostile.js';
import { attributes, runOptions, spawnOptions } from './kinds.js';
import { ended, fuzzing, leavingNothing, tried, workingDirectory } from './outcome.js';

type Anything = (...args: unknown[]) => unknown;

const files = around('/bin/true', '/no/such/program', '/');
const lists = around([], ['x'], undefined);

workingDirectory();

beforeAll(async () => {
  // The first spawn makes the threads and their descriptors, which stay.
  await run('/bin/true');
});

// Standard streams that nobody reads are ours to open only where they are asked for.
const quiet = (options: unknown): unknown =>
  options === undefined ? { stdio: 'ignore' } : options;

const cases: [string, Anything, Recipes][] = [
  ['spawn', spawn as Anything, record(spawnOptions)],
  ['run', run as Anything, record(runOptions)],
];

test.each(cases)('%s: options', async (_, call, options) => {
  await leavingNothing(() =>
    fc.assert(
      fc.asyncProperty(options, async (value) => {
        await ended(await tried(() => call('/bin/true', [], value.make())));
      }),
      fuzzing,
    ),
  );
});

test.each(cases)('%s: file and arguments', async (_, call) => {
  await leavingNothing(() =>
    fc.assert(
      fc.asyncProperty(files, lists, around(undefined), async (file, args, options) => {
        await ended(await tried(() => call(file.make(), args.make(), quiet(options.make()))));
      }),
      fuzzing,
    ),
  );
});

async function rawly(...args: unknown[]): Promise<void> {
  const pid = await tried(() => (posix.posixSpawn as Anything)(...args));
  if (typeof pid === 'number') posix.waitpid(pid, 0);
}

test('posixSpawn: options', async () => {
  await leavingNothing(() =>
    fc.assert(
      fc.asyncProperty(record(attributes), (options) => rawly('/bin/true', [], options.make())),
      fuzzing,
    ),
  );
});

test('posixSpawn: file and arguments', async () => {
  await leavingNothing(() =>
    fc.assert(
      fc.asyncProperty(files, lists, hostile, (...args) =>
        rawly(...args.map(({ make }) => make())),
      ),
      fuzzing,
    ),
  );
});
