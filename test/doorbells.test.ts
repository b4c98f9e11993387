// Exits are learned of by pidfd or by signalfd; each alone is enough. These tests run with both, and
// with each of the two turned off (see vitest.config.ts).
import { describe, expect, test } from 'vitest';
import { capabilities, configure, run, spawn } from '../src/index.js';
import { startCat } from './children.js';
import { claimsSigchld, usesPidfd } from './modes.js';
import { fixture } from './support/fixture.js';
import { zombieChildren } from './support/proc.js';
import { jsonProgram } from './support/program.js';
import { waitFor } from './support/wait-for.js';

describe('in this mode', () => {
  test('capabilities() names the doorbells that are in use', async () => {
    await run('/bin/true');
    expect(capabilities()).toMatchObject({
      pidfd: usesPidfd,
      sigchld: claimsSigchld ? 'claimed' : 'shared',
      sigchldReason: claimsSigchld ? null : (expect.any(String) as string),
    });
    if (!usesPidfd) {
      expect(capabilities()).toMatchObject({ pidfdGroupSignal: false, pidfdExitStatus: false });
    }
  });

  test('each of 500 exits arrives, 20 children at a time', async () => {
    let next = 0;
    const lane = async () => {
      while (next < 500) {
        const code = next++ % 256;
        const child = await spawn(fixture('exit-with'), ['code', `${code}`], { stdio: 'ignore' });
        expect(await child.exited).toMatchObject({ code, known: true });
      }
    };
    await Promise.all(Array.from({ length: 20 }, lane));
    await waitFor(() => zombieChildren().length === 0, { what: 'the last zombie to be reaped' });
    expect(capabilities().liveChildren).toBe(0);
  });

  test('the exit of a child that waited long arrives', async () => {
    const child = await startCat();
    // Others come and go before it.
    for (let i = 0; i < 20; i++) await run('/bin/true');
    child.stdin?.end();
    expect(await child.exited).toMatchObject({ code: 0 });
  });

  test('stops and continues from outside arrive, each of them', async () => {
    const child = await startCat();
    const told: string[] = [];
    child.on('stop', (signal) => told.push(`${signal}`));
    child.on('continue', () => told.push('continue'));
    for (const signal of ['SIGSTOP', 'SIGTSTP', 'SIGTTOU'] as const) {
      process.kill(child.pid, signal);
      await waitFor(() => told.at(-1) === signal, { what: `the stop by ${signal}` });
      process.kill(child.pid, 'SIGCONT');
      await waitFor(() => told.at(-1) === 'continue', { what: 'the continue' });
    }
    expect(told).toEqual(['SIGSTOP', 'SIGTSTP', 'SIGTTOU'].flatMap((stop) => [stop, 'continue']));
  });

  test('stops of many children at once arrive at each', async () => {
    const children = await Promise.all(Array.from({ length: 20 }, () => startCat()));
    const stopped = children.map(() => 0);
    for (const [index, child] of children.entries()) child.on('stop', () => stopped[index]!++);
    for (const child of children) process.kill(child.pid, 'SIGSTOP');
    await waitFor(() => stopped.every((count) => count === 1), { what: 'a stop of each child' });
  });

  test('a child that exits while it is stopped is told as exited', async () => {
    const child = await startCat();
    process.kill(child.pid, 'SIGSTOP');
    await waitFor(() => child.poll().state === 'stopped');
    process.kill(child.pid, 'SIGKILL');
    expect(await child.exited).toMatchObject({ code: null, signal: 'SIGKILL' });
  });

  test('configure() after the first spawn is refused', async () => {
    await run('/bin/true');
    expect(() => configure({ sigchld: 'share' })).toThrow(
      expect.objectContaining({ code: 'ERR_REAPWELL_ALREADY_STARTED' }),
    );
    expect(capabilities().sigchld).toBe(claimsSigchld ? 'claimed' : 'shared');
  });

  test.each([
    [null, 'ERR_INVALID_ARG_TYPE'],
    [{ sigchld: 'mine' }, 'ERR_INVALID_ARG_VALUE'],
    [{ sigchld: 1 }, 'ERR_INVALID_ARG_TYPE'],
    [{ pidfd: 'off' }, 'ERR_INVALID_ARG_TYPE'],
    [{ pidfds: true }, 'ERR_INVALID_ARG_VALUE'],
  ])('configure(%o) is a TypeError', (configuration, code) => {
    expect(() => configure(configuration as never)).toThrow(
      expect.objectContaining({ name: 'TypeError', code }),
    );
  });
});

describe('configure() before the first spawn', () => {
  const program = `
    import { capabilities, configure, spawn } from 'reapwell';
    configure(JSON.parse(process.argv[2]));
    const before = capabilities();
    const child = await spawn('/bin/cat', [], { stdio: ['pipe', 'ignore', 'ignore'] });
    const told = [];
    const next = (name) => new Promise((resolve) => child.once(name, () => resolve(told.push(name))));
    for (const [signal, event] of [['SIGSTOP', 'stop'], ['SIGCONT', 'continue']]) {
      const happened = next(event);
      process.kill(child.pid, signal);
      await happened;
    }
    child.stdin.end();
    const { code, known } = await child.exited;
    await child.empty;
    const after = capabilities();
    console.log(JSON.stringify({ before, after, told, exit: { code, known } }));
  `;

  interface Outcome {
    before: { pidfd: boolean; sigchld: string };
    after: { pidfd: boolean; sigchld: string };
    told: string[];
    exit: { code: number; known: boolean };
  }

  // The last has neither: then children are looked at, again and again.
  test.each([
    [{ sigchld: 'claim', pidfd: true }, 'claimed'],
    [{ sigchld: 'share', pidfd: true }, 'shared'],
    [{ sigchld: 'claim', pidfd: false }, 'claimed'],
    [{ sigchld: 'share', pidfd: false }, 'shared'],
  ])('%o holds, whatever the environment says, and all is told', async (configuration, sigchld) => {
    const { before, after, told, exit } = await jsonProgram<Outcome>(program, {
      args: [JSON.stringify(configuration)],
      env: { REAPWELL_SIGCHLD: 'share', REAPWELL_PIDFD: 'off' },
    });
    expect(before).toMatchObject({ pidfd: configuration.pidfd, sigchld: 'shared' });
    expect(after).toMatchObject({ pidfd: configuration.pidfd, sigchld });
    expect(told).toEqual(['stop', 'continue']);
    expect(exit).toEqual({ code: 0, known: true });
  });

  test('what it leaves out comes from the environment', async () => {
    const { after } = await jsonProgram<Outcome>(program, {
      args: ['{}'],
      env: { REAPWELL_SIGCHLD: 'share', REAPWELL_PIDFD: 'off' },
    });
    expect(after).toMatchObject({ pidfd: false, sigchld: 'shared' });
  });
});
