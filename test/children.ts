// Children of this library, for tests: each is ended with its whole group when its test is over.
import { onTestFinished } from 'vitest';
import { spawn, type Child, type SpawnOptions } from '../src/index.js';
import { fixture } from './support/fixture.js';
import { waitFor } from './support/wait-for.js';

export async function start(
  file: string,
  args: string[] = [],
  options: SpawnOptions<Child> = {},
): Promise<Child> {
  const child = await spawn(file, args, options);
  onTestFinished(async () => {
    child.kill('SIGKILL', options.group === 'inherit' ? 'leader' : 'group');
    await waitFor(() => child.poll().state === 'exited', { what: 'its end after the test' });
  });
  return child;
}

/** Lives until its input ends. */
export function startCat(options: SpawnOptions<Child> = {}): Promise<Child> {
  return start('/bin/cat', [], { stdio: ['pipe', 'ignore', 'ignore'], ...options });
}

/** The first line that it writes, without its end. */
export async function firstLine(child: Child): Promise<string> {
  let text = '';
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  await waitFor(() => text.includes('\n'), { what: 'its first line' });
  return text.slice(0, text.indexOf('\n'));
}

/** Starts the fixture `ready`, and returns it once it has spoken, with the pids of its members. */
export async function startReady(
  args: string[] = [],
  options: SpawnOptions<Child> = {},
): Promise<{ child: Child; members: number[] }> {
  const child = await start(fixture('ready'), args, {
    stdio: ['pipe', 'pipe', 'ignore'],
    ...options,
  });
  const [, ...members] = (await firstLine(child)).split(' ').map(Number);
  return { child, members };
}

/** Whether a promise has settled by now. */
export async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  const settled = promise.then(
    () => true,
    () => true,
  );
  return Promise.race([settled, new Promise<boolean>((resolve) => setImmediate(resolve, false))]);
}
