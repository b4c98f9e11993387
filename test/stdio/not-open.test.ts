// Where a call names what is not open, or can't start: nothing is started, and nothing stays open.
import { once } from 'node:events';
import { closeSync, createWriteStream, existsSync, openSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { connect } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openJournal, posix, run, spawn, type StdioEntry } from '../../src/index.js';
import { cleanFailure } from '../support/failure.js';
import { temporaryDirectory } from '../support/probe.js';
import { openDescriptors } from '../support/proc.js';
import { waitFor } from '../support/wait-for.js';

function arrangement(entry: StdioEntry, index: number): StdioEntry[] {
  const stdio: StdioEntry[] = ['ignore', 'ignore', 'ignore', null, null, null];
  stdio[index] = entry;
  return stdio;
}

describe('one that is not open', () => {
  const closedNumber = () => {
    const fd = openSync('/dev/null', 'r');
    closeSync(fd);
    return fd;
  };
  const closed: [string, () => StdioEntry | Promise<StdioEntry>][] = [
    ['a number', closedNumber],
    ['a high number', () => 54_321],
    [
      'a FileHandle',
      async () => {
        const handle = await open('/dev/null');
        await handle.close();
        return handle;
      },
    ],
    [
      'a WriteStream',
      async () => {
        const stream = createWriteStream('/dev/null');
        await once(stream, 'open');
        stream.destroy();
        await once(stream, 'close');
        return stream;
      },
    ],
    [
      'a socket',
      async () => {
        const socket = connect(1, '127.0.0.1');
        socket.on('error', () => undefined);
        socket.destroy();
        await once(socket, 'close');
        return socket;
      },
    ],
    [
      'a stream of ours',
      async () => {
        const child = await spawn('/bin/true');
        await child.empty;
        child.stdout!.destroy();
        return child.stdout;
      },
    ],
  ];

  test.each(closed)('%s: EBADF, and nothing is started', async (_, make) => {
    const entry = await make();
    for (const index of [0, 1, 2, 3]) {
      const proof = `${temporaryDirectory()}/proof`;
      const stdio = arrangement(entry, index);
      const start = () => spawn('/bin/touch', [proof], { stdio });
      expect(await cleanFailure(start)).toMatchObject({ code: 'EBADF', errno: -9 });
      expect(await run('/bin/touch', [proof], { stdio })).toMatchObject({
        status: 'error',
        pid: null,
        error: { code: 'EBADF', path: '/bin/touch' },
      });
      const before = openDescriptors().size;
      expect(() => posix.posixSpawn('/bin/touch', [proof], { stdio })).toThrow(
        expect.objectContaining({ code: 'EBADF' }) as Error,
      );
      expect(openDescriptors().size).toBe(before);
      expect(existsSync(proof)).toBe(false);
    }
  });

  test('is not recorded in a journal', async () => {
    const directory = temporaryDirectory();
    const journal = await openJournal(directory);
    const stdio: StdioEntry[] = ['ignore', closedNumber(), 'ignore'];
    await expect(spawn('/bin/true', [], { stdio, journal })).rejects.toMatchObject({
      code: 'EBADF',
    });
    expect(journal.entries()).toEqual([]);
    await journal.close();
  });
});

describe('nothing stays open', () => {
  const signal = AbortSignal.abort();
  const failing: [string, (fd: number) => Promise<unknown>][] = [
    ['of a program that is missing', (fd) => spawn('/nope', [], { stdio: [fd, fd, fd, fd] })],
    ['of an abort before', (fd) => spawn('/bin/true', [], { stdio: [fd, fd, fd], signal })],
    [
      'of a second one that is not open',
      (fd) => spawn('/bin/true', [], { stdio: [fd, fd, 54_321] }),
    ],
    [
      'of bad arguments',
      (fd) => spawn('/bin/true', [], { stdio: [fd, fd, fd], nice: 'x' as unknown as number }),
    ],
    [
      'of scopes none of which can be had',
      (fd) =>
        spawn('/bin/true', [], {
          stdio: [fd, fd, fd],
          scope: ['cgroup', 'cgroup'],
          cgroup: { parent: '/nonexistent' },
        }),
    ],
    [
      'of a file that can’t be opened',
      (fd) => spawn('/bin/true', [], { stdio: [fd, { file: '/nonexistent/file' }, fd] }),
    ],
  ];
  test.each(failing)('%s', async (_, fail) => {
    const file = `${temporaryDirectory()}/file`;
    const fd = openSync(file, 'w+');
    onTestFinished(() => closeSync(fd));
    for (let i = 0; i < 20; i++) await expect(fail(fd)).rejects.toThrow();
    const held = () => [...openDescriptors().values()].filter((link) => link === file).length;
    expect(held()).toBe(1);
  });

  test('of a journal that is closed', async () => {
    const directory = temporaryDirectory();
    const journal = await openJournal(`${directory}/journal`);
    await journal.close();
    const file = `${directory}/file`;
    const fd = openSync(file, 'w');
    onTestFinished(() => closeSync(fd));
    await expect(
      spawn('/bin/true', [], { stdio: ['ignore', fd, fd], journal }),
    ).rejects.toMatchObject({ code: 'ERR_REAPWELL_JOURNAL_CLOSED' });
    expect([...openDescriptors().values()].filter((link) => link === file)).toHaveLength(1);
  });

  test('of a start that an abort cuts off', async () => {
    const file = `${temporaryDirectory()}/file`;
    const fd = openSync(file, 'w');
    onTestFinished(() => closeSync(fd));
    const controller = new AbortController();
    const options = { stdio: ['ignore', fd, fd] as StdioEntry[], signal: controller.signal };
    const attempts = Array.from({ length: 10 }, () => spawn('/bin/sleep', ['60'], options));
    controller.abort();
    for (const outcome of await Promise.allSettled(attempts)) {
      if (outcome.status === 'fulfilled') await outcome.value.exited;
    }
    const held = () => [...openDescriptors().values()].filter((link) => link === file).length;
    await waitFor(() => held() === 1, { what: 'no copy left' });
  });
});
