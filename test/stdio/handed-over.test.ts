// Another child's output as a child's own input: all of it, whenever it is handed over, and nothing of it
// for us any more.
import { spawn as nodeSpawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readlinkSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { posix, run, spawn, type Child, type StdioEntry } from '../../src/index.js';
import { endWithTest, temporaryDirectory } from '../support/probe.js';
import { openDescriptors } from '../support/proc.js';
import { waitFor } from '../support/wait-for.js';

const producer = (file: string, ...args: string[]) =>
  spawn(file, args, { stdio: ['ignore', 'pipe', 'inherit'] });
const count = (input: StdioEntry, script = 'wc -l') =>
  run('/bin/sh', ['-c', script], { stdio: [input, 'pipe', 'inherit'] });
const outputOf = (child: Child) => child.stdout as StdioEntry;

const pipes = () => [...openDescriptors().values()].filter((link) => link.startsWith('pipe:'));

/** Ways in which the producer's output is when it is handed over. */
const moments: [string, (child: Child) => Promise<unknown> | undefined][] = [
  ['at once', () => undefined],
  ['once the producer is over', (child) => child.empty],
  ['in the turn in which it is told to be over', (child) => once(child, 'empty')],
  [
    'when the stream had been looked at before that',
    async (child) => {
      void child.stdout;
      await child.empty;
    },
  ],
  [
    'when the stream had been looked at, and some turns have gone by',
    async (child) => {
      child.stdout!.pause();
      await child.empty;
      for (let i = 0; i < 5; i++) await new Promise(setImmediate);
    },
  ],
];

describe.each(moments)('%s', (_, moment) => {
  test.each([
    [2000, 'wc -l'],
    [2000, 'sleep .2; wc -l'],
    [10, 'wc -l'],
    [0, 'wc -l'],
  ])('%d lines reach the consumer (%s)', async (lines, script) => {
    const child = await producer('seq', String(lines));
    await moment(child);
    const completion = await count(outputOf(child), script);
    expect(completion).toMatchObject({ status: 'completed', stdout: `${lines}\n` });
    await child.empty;
  });

  test('the consumer reads from a pipe', async () => {
    const child = await producer('seq', '2000');
    await moment(child);
    expect(await count(outputOf(child), '[ -p /dev/stdin ] && wc -l')).toMatchObject({
      stdout: '2000\n',
    });
  });

  test('posixSpawn has it too', async () => {
    const child = await producer('seq', '2000');
    await moment(child);
    const file = `${temporaryDirectory()}/out`;
    const pid = posix.posixSpawn('wc', ['-l'], { stdio: [outputOf(child), { file }, 'inherit'] });
    expect(posix.waitpid(pid).status).toBe(0);
    expect((await run('cat', [file])).stdout).toBe('2000\n');
  });

  test('a start that fails leaves it to the next one', async () => {
    const child = await producer('seq', '2000');
    await moment(child);
    await expect(spawn('/nope', [], { stdio: [outputOf(child)] })).rejects.toThrow('ENOENT');
    const [, failed] = await Promise.all([
      child.empty,
      run('/nope', [], { stdio: [outputOf(child), 'pipe', 'pipe'] }),
    ]);
    expect(failed.status).toBe('error');
    expect(await count(outputOf(child))).toMatchObject({ stdout: '2000\n' });
  });

  test('a start that fails leaves it to us', async () => {
    const child = await producer('seq', '2000');
    await moment(child);
    await expect(spawn('/nope', [], { stdio: [outputOf(child)] })).rejects.toThrow('ENOENT');
    expect((await text(child.stdout!)).split('\n')).toHaveLength(2001);
  });
});

test('a start that fails leaves it to whoever was reading', async () => {
  const child = endWithTest(await producer('/bin/sh', '-c', 'sleep 0.1; seq 2000'));
  let read = '';
  child.stdout!.on('data', (chunk: Buffer) => (read += chunk.toString()));
  await expect(spawn('/nope', [], { stdio: [outputOf(child)] })).rejects.toThrow('ENOENT');
  await waitFor(() => read.endsWith('\n2000\n'));
});

test('more than the usual pipe holds, of a producer that is over', async () => {
  // It makes its own pipe larger, and is gone with all of it unread.
  const script = `import fcntl, os; fcntl.fcntl(1, 1031, 1 << 20); os.write(1, b"x\\n" * 400000)`;
  const child = await producer('python3', '-c', script);
  await child.empty;
  expect(await count(outputOf(child))).toMatchObject({ stdout: '400000\n' });
});

test('megabytes, while the producer goes on', async () => {
  const child = await producer('seq', '500000');
  expect(await count(outputOf(child), 'sleep .1; wc -l')).toMatchObject({ stdout: '500000\n' });
});

test('through three children', async () => {
  const first = await producer('seq', '100000');
  const second = await spawn('grep', ['7'], { stdio: [outputOf(first), 'pipe', 'inherit'] });
  const third = await count(outputOf(second));
  expect(third.stdout).toBe('40951\n');
});

test('ours is closed, so that the producer learns that its reader has gone', async () => {
  const yes = endWithTest(await producer('yes'));
  expect(await run('head', ['-1'], { stdio: [outputOf(yes), 'pipe', 'inherit'] })).toMatchObject({
    status: 'completed',
    stdout: 'y\n',
  });
  expect(await yes.exited).toMatchObject({ signal: 'SIGPIPE' });
  expect(yes.stdout!.destroyed).toBe(true);
});

test('the input of another child stays ours: it takes from one after the other', async () => {
  const cat = endWithTest(await spawn('cat', [], { stdio: ['pipe', 'pipe', 'inherit'] }));
  const entry = cat.stdin as StdioEntry;
  for (const word of ['one', 'two']) {
    await run('echo', [word], { stdio: ['ignore', entry, 'inherit'] });
  }
  cat.stdin!.end('three\n');
  expect(await text(cat.stdout!)).toBe('one\ntwo\nthree\n');
});

test('two that start at once share it', async () => {
  const child = await producer('seq', '2000');
  const both = await Promise.all([count(outputOf(child)), count(outputOf(child))]);
  const lines = both.map(({ stdout }) => Number(stdout));
  // Whole lines or not, each byte is read once.
  expect(lines[0]! + lines[1]!).toBe(2000);
});

test('one call may name it twice', async () => {
  const child = await producer('seq', '2000');
  await child.empty;
  const { stdout } = await run('/bin/sh', ['-c', 'wc -l; wc -l <&3'], {
    stdio: [outputOf(child), 'pipe', 'inherit', outputOf(child)],
  });
  expect(stdout).toBe('2000\n0\n');
});

test.each([3, 12])('as descriptor %d it is waited for, too', async (index) => {
  const child = endWithTest(await producer('/bin/sh', '-c', 'sleep 0.2; seq 2000'));
  const stdio: StdioEntry[] = ['ignore', 'pipe', 'pipe'];
  stdio[index] = outputOf(child);
  const counted = await run('/bin/bash', ['-c', `wc -l <&${index}`], { stdio });
  expect(counted).toMatchObject({ stdout: '2000\n', stderr: '' });
});

test('both ways, a start that fails leaves it to us', async () => {
  const stdio = ['ignore', 'ignore', 'inherit', 'pipe'] as const;
  const child = endWithTest(await spawn('/bin/sh', ['-c', 'cat <&3 >&3'], { stdio }));
  const socket = child.stdio[3]!;
  const entries: StdioEntry[] = ['ignore', 'ignore', 'ignore', socket];
  await expect(spawn('/nope', [], { stdio: entries })).rejects.toThrow('ENOENT');
  // The event loop must not wait in a read.
  socket.write('there');
  expect(String((await once(socket, 'data'))[0])).toBe('there');
  socket.end(' and back');
  expect(await text(socket)).toBe(' and back');
});

test('both ways, an extra pipe connects two children', async () => {
  const stdio = ['ignore', 'ignore', 'inherit', 'pipe'] as const;
  const first = endWithTest(
    await spawn('/bin/sh', ['-c', 'echo question >&3; cat <&3'], { stdio }),
  );
  const socket = first.stdio[3] as StdioEntry;
  const second = await run('/bin/sh', ['-c', 'read it <&3; echo "$it"; echo answer >&3'], {
    stdio: ['ignore', 'pipe', 'inherit', socket],
  });
  expect(second.stdout).toBe('question\n');
  // Its other end is nobody's any more.
  expect(await first.exited).toMatchObject({ code: 0 });
});

describe('what has been read in part', () => {
  test('is refused while it goes on, and nothing of it is lost', async () => {
    const child = endWithTest(await producer('/bin/sh', '-c', 'seq 2000; exec sleep 60'));
    await waitFor(() => child.stdout!.readableLength > 0 || child.stdout!.read(0) !== null);
    const [first] = child.stdout!.read(10) as Buffer;
    expect(first).toBe('1'.charCodeAt(0));
    const attempt = spawn('wc', ['-l'], { stdio: [outputOf(child), 'pipe', 'inherit'] });
    await expect(attempt).rejects.toMatchObject({
      name: 'TypeError',
      code: 'ERR_INVALID_ARG_VALUE',
    });
    let rest = '';
    child.stdout!.on('data', (chunk: Buffer) => (rest += chunk.toString()));
    await waitFor(() => rest.endsWith('\n2000\n'));
    expect(rest.split('\n')).toHaveLength(2001 - 5);
  });

  test('is handed over where all that was read has been taken', async () => {
    const script = 'echo a header; read go; seq 2000';
    const child = await spawn('/bin/sh', ['-c', script], { stdio: ['pipe', 'pipe', 'inherit'] });
    const [header] = (await once(child.stdout!, 'data')) as [Buffer];
    expect(header.toString()).toBe('a header\n');
    const counted = count(outputOf(child));
    child.stdin!.end('go\n');
    expect(await counted).toMatchObject({ stdout: '2000\n' });
  });

  test('of another library’s stream is refused, too', async () => {
    const child = nodeSpawn('seq', ['2000'], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout, 'readable');
    await expect(
      spawn('wc', ['-l'], { stdio: [child.stdout, 'pipe', 'inherit'] }),
    ).rejects.toMatchObject({ code: 'ERR_INVALID_ARG_VALUE' });
    expect((await text(child.stdout)).split('\n')).toHaveLength(2001);
  });
});

test('nothing stays open', async () => {
  const before = pipes().length;
  for (const [, moment] of moments) {
    for (let i = 0; i < 5; i++) {
      const child = await producer('seq', '2000');
      await moment(child);
      await count(outputOf(child));
    }
  }
  const unread = () =>
    readdirSync('/proc/self/fd').filter((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`).includes('reapwell-unread');
      } catch {
        return false;
      }
    });
  await waitFor(() => pipes().length <= before && unread().length === 0);
});
