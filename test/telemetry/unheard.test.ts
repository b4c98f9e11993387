// Telemetry costs nothing while nobody listens, and a listener can't break what it listens to.
import { afterEach, describe, expect, test, vi } from 'vitest';
import { run, type ChannelName } from '../../src/index.js';
import * as telemetry from '../../src/telemetry/publish.js';
import { publishers } from '../../src/telemetry/publishers.js';
import { startCat, startReady } from '../children.js';
import { nodeProgram } from '../support/program.js';
import { waitFor } from '../support/wait-for.js';
import { channelNames, listenTo } from './listening.js';

afterEach(() => void vi.restoreAllMocks());

/** An object that counts what is read of it: a message can't be built without. */
function counting<T extends object>(target: T, reads: { count: number }): T {
  return new Proxy(target, {
    get(object, key): unknown {
      reads.count++;
      return Reflect.get(object, key);
    },
  });
}

/** Calls every function of publish.ts once; returns how often its arguments were looked into. */
function publishAll(): Partial<Record<ChannelName, number>> {
  const counts: Partial<Record<ChannelName, number>> = {};
  const measure = (name: ChannelName, call: (of: <T extends object>(value: T) => T) => void) => {
    const reads = { count: 0 };
    call((value) => counting(value, reads));
    counts[name] = (counts[name] ?? 0) + reads.count;
  };
  const program = { file: 'file', spawnargs: ['file', 'argument'] };
  const identity = { pid: 1234, startTicks: 1, bootId: 'boot', inode: 1 };
  const child = { pid: 1234, identity, pgid: 1234, scope: 'group' } as const;
  const nothing = {} as never;
  measure('reapwell:spawn', (of) => telemetry.publishSpawned(of(program), of(child), 1, 0));
  measure('reapwell:spawn', (of) => telemetry.publishSpawnFailed(of(program), new Error(), 1, 0));
  measure('reapwell:exit', (of) => telemetry.publishExit(of(identity), false, nothing, 0));
  measure('reapwell:stop', (of) => telemetry.publishStop(of(identity), 'SIGSTOP'));
  measure('reapwell:continue', (of) => telemetry.publishContinue(of(identity)));
  measure('reapwell:terminate:step', (of) => telemetry.publishStep(of(identity), 0, nothing));
  measure('reapwell:terminate', (of) => telemetry.publishTermination(of(identity), nothing));
  measure('reapwell:run', (of) => telemetry.publishRunStart(of(program), 1));
  measure('reapwell:run', (of) => telemetry.publishRunEnd(of(program), 1, nothing));
  return counts;
}

describe('with nobody listening', () => {
  test('no argument is even looked into; with a listener, all are', () => {
    const unheard = publishAll();
    expect(Object.values(unheard)).toEqual(Object.keys(unheard).map(() => 0));
    expect(Object.keys(unheard)).toHaveLength(7);
    for (const name of channelNames) listenTo(name);
    for (const [name, reads] of Object.entries(publishAll()))
      expect(reads, name).toBeGreaterThan(0);
  });

  /** Everything but a recovery happens in it. */
  async function eventful(): Promise<void> {
    await run('/no/such/program');
    const child = await startCat();
    child.on('stop', () => child.kill('SIGCONT'));
    const continued = new Promise<void>((resolve) => void child.once('continue', resolve));
    child.kill('SIGSTOP');
    await continued;
    await child.terminate();
    const { child: other } = await startReady(['--ignore=TERM']);
    await other.terminate({ eofWait: 0, grace: 0 });
  }

  test('no message is handed to a channel; with a listener, all are', async () => {
    const spies = channelNames.map((name) => vi.spyOn(publishers[name], 'publish'));
    const called = (): ChannelName[] =>
      channelNames.filter((_, index) => spies[index]!.mock.calls.length > 0);
    await eventful();
    expect(called()).toEqual([]);
    for (const name of channelNames) listenTo(name);
    await eventful();
    await waitFor(() => called().length === channelNames.length - 1, { what: 'the messages' });
    expect(called()).not.toContain('reapwell:recover');
  });
});

describe('a listener that throws', () => {
  const source = `
    import { channels, run, spawn } from 'reapwell';
    const thrown = [];
    process.on('uncaughtException', (error) => thrown.push(error.message));
    const heard = [];
    for (const channel of Object.values(channels)) {
      channel.subscribe(() => { throw new Error(channel.name); });
      channel.subscribe(() => heard.push(channel.name));
    }
    const completion = await run('/bin/sh', ['-c', 'trap "" TERM; sleep 60 & exit 4'], { grace: 50 });
    const child = await spawn('/bin/cat');
    await child.terminate();
    await child.empty;
    await new Promise(setImmediate);
    console.log(JSON.stringify({
      status: completion.status,
      code: completion.exit.code,
      method: completion.termination.method,
      heard: [...new Set(heard)].sort(),
      all: thrown.length === heard.length,
      thrown: [...new Set(thrown)].sort(),
    }));
  `;

  test('is an uncaught exception in the next tick; no result and no other listener notices', async () => {
    const { stdout, stderr, code } = await nodeProgram(source);
    expect(stderr).toBe('');
    const names = ['exit', 'run', 'spawn', 'terminate', 'terminate:step'].map(
      (name) => `reapwell:${name}`,
    );
    expect(JSON.parse(stdout)).toEqual({
      status: 'failed',
      code: 4,
      method: 'sigkill',
      heard: names,
      all: true,
      thrown: names,
    });
    expect(code).toBe(0);
  });

  test('ends a program that has no handler for it, as any uncaught exception', async () => {
    const { stderr, code } = await nodeProgram(`
      import { channels, run } from 'reapwell';
      channels['reapwell:exit'].subscribe(() => { throw new Error('of the listener'); });
      await run('/bin/true');
    `);
    expect(stderr).toContain('of the listener');
    expect(code).not.toBe(0);
  });
});
