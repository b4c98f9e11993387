// Nothing of ours leaks into a child, and nothing of a child's stays with us.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { posix, run, spawn } from '../../src/index.js';
import { fixture } from '../support/fixture.js';
import { probe, readProbe, temporaryDirectory, type ProbeDescriptor } from '../support/probe.js';
import { openDescriptors, ownChildren, threadCount } from '../support/proc.js';
import { jsonProgram } from '../support/program.js';
import { waitFor } from '../support/wait-for.js';

describe('a foreign descriptor without close-on-exec', () => {
  const number = 150;

  // What the child has open, and whether ours is what the test is about.
  const source = (start: string) => `
    import { spawn, posix } from 'reapwell';
    import { readFileSync } from 'node:fs';
    import { text } from 'node:stream/consumers';
    const flags = /^flags:\\t(\\d+)$/m.exec(readFileSync('/proc/self/fdinfo/${number}', 'utf8'))[1];
    const [probe, out] = process.argv.slice(2);
    ${start}
    const { descriptors } = JSON.parse(readFileSync(out, 'utf8'));
    console.log(JSON.stringify({ closesOnExec: (parseInt(flags, 8) & 0o2000000) !== 0, descriptors }));
  `;
  interface Seen {
    closesOnExec: boolean;
    descriptors: ProbeDescriptor[];
  }

  function inherit(start: string): Promise<Seen> {
    const directory = temporaryDirectory();
    const file = `${directory}/foreign`;
    writeFileSync(file, '');
    return jsonProgram<Seen>(source(start), {
      under: [fixture('with-descriptor'), String(number), file],
      args: [fixture('probe'), `${directory}/out`],
    });
  }

  test('is absent in a child', async () => {
    const seen = await inherit(`
      await (await spawn(probe, ['out=' + out], { stdio: 'ignore' })).exited;`);
    expect(seen.closesOnExec).toBe(false);
    expect(seen.descriptors.map(({ fd }) => fd)).toEqual([0, 1, 2]);
  });

  test('is absent in a child that has extra descriptors', async () => {
    const seen = await inherit(`
      const stdio = ['ignore', 'ignore', 'ignore', null, 'pipe'];
      await (await spawn(probe, ['out=' + out], { stdio })).exited;`);
    expect(seen.descriptors.map(({ fd }) => fd)).toEqual([0, 1, 2, 4]);
  });

  test('is there when it is passed on purpose', async () => {
    const seen = await inherit(`
      const stdio = ['ignore', 'ignore', 'ignore', ${number}];
      await (await spawn(probe, ['out=' + out], { stdio })).exited;`);
    expect(seen.descriptors.map(({ fd }) => fd)).toEqual([0, 1, 2, 3]);
    expect(seen.descriptors[3]!.link).toMatch(/\/foreign$/);
  });

  test('is absent in a child of posixSpawn', async () => {
    const seen = await inherit(`
      posix.waitpid(posix.posixSpawn(probe, ['out=' + out]));`);
    expect(seen.descriptors.map(({ fd }) => fd)).toEqual([0, 1, 2]);
  });
});

test('a child gets no descriptor of another child’s, however many start at a time', async () => {
  const all = await Promise.all(
    Array.from({ length: 64 }, () => probe({ stdio: ['pipe', 'pipe', 'pipe', 'pipe'] })),
  );
  for (const { descriptors } of all) expect(descriptors.map(({ fd }) => fd)).toEqual([0, 1, 2, 3]);
  const pipes = all.flatMap(({ descriptors }) => descriptors.map(({ link }) => link));
  expect(new Set(pipes).size).toBe(pipes.length);
});

test('a child that is started with the raw call has what was asked for, and no more', () => {
  const out = `${temporaryDirectory()}/out`;
  const pid = posix.posixSpawn(fixture('probe'), [`out=${out}`], { stdio: 'ignore' });
  expect(posix.waitpid(pid, 0)).toEqual({ pid, status: 0 });
  const { descriptors } = readProbe(out);
  expect(descriptors.map(({ fd, link }) => `${fd} ${link}`)).toEqual([
    '0 /dev/null',
    '1 /dev/null',
    '2 /dev/null',
  ]);
});

describe('a thousand cycles', () => {
  const epollEntries = () =>
    [...openDescriptors()]
      .filter(([, link]) => link === 'anon_inode:[eventpoll]')
      .flatMap(([fd]) => readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8').match(/^tfd:/gm) ?? [])
      .length;
  const threadNames = () =>
    readdirSync('/proc/self/task')
      .map((tid) => readFileSync(`/proc/self/task/${tid}/comm`, 'utf8').trim())
      .filter((name) => name.startsWith('reapwell'));

  const counts = () => ({
    descriptors: openDescriptors().size,
    epollEntries: epollEntries(),
    threads: threadCount(),
    children: ownChildren().length,
  });

  // Twenty at a time, so that the threads that a crowd brings are there from the first round on.
  async function cycles(count: number, cycle: () => Promise<unknown>): Promise<void> {
    for (let at = 0; at < count; at += 20) {
      await Promise.all(Array.from({ length: 20 }, cycle));
    }
  }

  test.each<[string, () => Promise<unknown>]>([
    [
      'without pipes',
      async () => (await spawn(fixture('exit-now'), [], { stdio: 'ignore' })).empty,
    ],
    ['with pipes that nobody reads', async () => (await spawn(fixture('exit-now'))).empty],
    ['of run', () => run(fixture('exit-now'))],
    ['that fail', () => spawn('/no/such/program').catch(() => undefined)],
    [
      'that are killed',
      async () => {
        const child = await spawn('/bin/sleep', ['60'], { stdio: 'ignore' });
        child.kill('SIGKILL');
        await child.empty;
      },
    ],
  ])('%s leave descriptors, epoll entries, threads and children as they were', async (_, cycle) => {
    await cycles(100, cycle);
    const settled = counts();
    await cycles(1000, cycle);
    await waitFor(
      () => {
        const now = counts();
        return (
          now.descriptors <= settled.descriptors &&
          now.epollEntries <= settled.epollEntries &&
          now.children <= settled.children
        );
      },
      { what: `no more than ${JSON.stringify(settled)}`, timeout: 5000 },
    ).catch((error: unknown) => {
      expect(counts()).toEqual(settled);
      throw error;
    });
    // A machine too busy to start a queued spawn within 20 ms gets a spawner thread more, and those
    // stay (a parent-death signal follows its thread). A leak would be one for each cycle.
    expect(threadCount(), threadNames().join()).toBeLessThanOrEqual(settled.threads + 5);
  });
});
