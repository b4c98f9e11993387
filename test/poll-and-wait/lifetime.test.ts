// A child is reaped whoever still cares, and keeps the event loop alive only as long as it should.
import { describe, expect, test } from 'vitest';
import { spawn } from '../../src/index.js';
import { fixture } from '../support/fixture.js';
import { isAlive, zombieChildren } from '../support/proc.js';
import { jsonProgram, nodeProgram } from '../support/program.js';
import { waitFor } from '../support/wait-for.js';

const withHelpers = (source: string) => `
  import { readFileSync, readdirSync } from 'node:fs';
  import { capabilities, run, spawn } from 'reapwell';
  const ownZombies = () =>
    readdirSync('/proc').filter((name) => {
      try {
        const stat = readFileSync('/proc/' + name + '/stat', 'latin1');
        const [state, ppid] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
        return state === 'Z' && Number(ppid) === process.pid;
      } catch {
        return false;
      }
    });
  const until = async (condition) => {
    const deadline = performance.now() + 10_000;
    while (!condition()) {
      if (performance.now() > deadline) throw new Error('not in time: ' + condition);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  };
  ${source}
`;

describe('reaping', () => {
  test('reaches a child whose handle was dropped and collected', async () => {
    const { collected, zombies, live } = await jsonProgram<Record<string, number>>(
      withHelpers(`
        let collected = 0;
        const registry = new FinalizationRegistry(() => collected++);
        const startAndDrop = async (file, args) => {
          registry.register(await spawn(file, args, { stdio: 'ignore' }), null);
        };
        for (let i = 0; i < 20; i++) await startAndDrop(process.argv[2], []);
        await startAndDrop('/bin/sleep', ['0.2']);
        await until(() => {
          global.gc();
          // Without pidfds a leader's zombie is kept until its group is known to be empty.
          const reaped = capabilities().liveChildren === 0 && ownZombies().length === 0;
          return collected >= 20 && reaped;
        });
        console.log(JSON.stringify({
          collected, zombies: ownZombies().length, live: capabilities().liveChildren,
        }));
      `),
      { args: [fixture('exit-now')], nodeArgs: ['--expose-gc'] },
    );
    expect(collected).toBeGreaterThanOrEqual(20);
    expect({ zombies, live }).toEqual({ zombies: 0, live: 0 });
  });

  test('reaches a child that nobody ever waits for', async () => {
    const pids: number[] = [];
    for (let i = 0; i < 20; i++) {
      pids.push((await spawn(fixture('exit-now'), [], { stdio: 'ignore' })).pid);
    }
    await waitFor(() => !pids.some((pid) => isAlive(pid) || zombieChildren().includes(pid)), {
      what: 'the reaping of children that nobody waits for',
    });
  });
});

test('10 times 10 children that end together all resolve', { timeout: 60_000 }, async () => {
  for (let round = 0; round < 10; round++) {
    const leader = await spawn('/bin/cat', [], { stdio: ['pipe', 'ignore', 'ignore'] });
    const others = await Promise.all(
      Array.from({ length: 9 }, () =>
        spawn('/bin/cat', [], { stdio: ['pipe', 'ignore', 'ignore'], group: leader.pgid }),
      ),
    );
    const all = [leader, ...others];
    const exits = all.map((child) => child.exited);
    expect(leader.kill('SIGUSR1', 'group')).toBe(true);
    for (const exit of await Promise.all(exits)) {
      expect(exit).toMatchObject({ code: null, signal: 'SIGUSR1', known: true });
    }
    await Promise.all(all.map((child) => child.empty));
    expect(all.map((child) => child.poll().state)).toEqual(Array(10).fill('exited'));
  }
});

describe('the event loop', () => {
  // By default it is killed at the end, before or after it is looked at there.
  const leftAlone = `{ onExit: 'leave', parentDeathSignal: 'SIGKILL' }`;
  const atExit = `process.on('exit', () => console.log(child.poll().state));`;

  test('is kept alive by a child until its exit', async () => {
    const ended = await nodeProgram(
      withHelpers(
        `const child = await spawn('/bin/sleep', ['0.3'], { stdio: 'ignore' }); ${atExit}`,
      ),
    );
    expect(ended).toMatchObject({ code: 0, stdout: 'exited\n' });
  });

  test('is not kept alive by a child that is unref’d, nor by its pipes', async () => {
    const ended = await nodeProgram(
      withHelpers(`
        const child = await spawn('/bin/sleep', ['60'], ${leftAlone});
        child.unref();
        ${atExit}
      `),
    );
    expect(ended).toMatchObject({ code: 0, stdout: 'running\n' });
  });

  test('is kept alive again after ref()', async () => {
    const ended = await nodeProgram(
      withHelpers(`
        const child = await spawn('/bin/sleep', ['0.3'], { stdio: 'ignore' });
        child.unref().ref();
        ${atExit}
      `),
    );
    expect(ended).toMatchObject({ code: 0, stdout: 'exited\n' });
  });

  test('ends once all of several children have', async () => {
    const ended = await nodeProgram(
      withHelpers(`
        const children = await Promise.all(
          ['0.1', '0.2', '0.4'].map((time) => spawn('/bin/sleep', [time], { stdio: 'ignore' })),
        );
        process.on('exit', () => console.log(children.map((child) => child.poll().state).join()));
      `),
    );
    expect(ended).toMatchObject({ code: 0, stdout: 'exited,exited,exited\n' });
  });

  test('is kept alive by a wait for the scope to be empty', async () => {
    const ended = await nodeProgram(
      withHelpers(`
        const script = '(sleep 0.4; exit 0) >/dev/null 2>&1 & exit 0';
        const child = await spawn('/bin/sh', ['-c', script], { stdio: 'ignore' });
        child.empty.then(() => console.log('empty'));
      `),
    );
    expect(ended).toMatchObject({ code: 0, stdout: 'empty\n' });
  });

  test('ends while nothing was ever spawned', async () => {
    const ended = await nodeProgram(withHelpers(`console.log(capabilities().liveChildren);`));
    expect(ended).toMatchObject({ code: 0, stdout: '0\n' });
  });

  test('ends after a wait that timed out or was aborted on a child that is unref’d', async () => {
    const ended = await nodeProgram(
      withHelpers(`
        const child = await spawn('/bin/sleep', ['60'], { ...${leftAlone}, stdio: 'ignore' });
        child.unref();
        const controller = new AbortController();
        const waits = [
          child.wait({ timeout: 10 }),
          child.wait({ timeout: 50_000, signal: controller.signal }),
        ];
        setTimeout(() => controller.abort(), 20);
        for (const wait of waits) await wait.catch((error) => console.log(error.code));
        process.on('exit', () => console.log(child.poll().state));
      `),
    );
    expect(ended).toMatchObject({
      code: 0,
      stdout: 'ERR_REAPWELL_TIMEOUT\nERR_REAPWELL_ABORTED\nrunning\n',
    });
  });
});
