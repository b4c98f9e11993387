// Every form of Node's stdio option: what the child finds at each number, and what we hold.
import { closeSync, createReadStream, createWriteStream, openSync, readFileSync } from 'node:fs';
import { writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { createServer, connect, type AddressInfo, type Socket } from 'node:net';
import { PassThrough, type Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, expect, onTestFinished, test } from 'vitest';
import { spawn, type Child } from '../../src/index.js';
import { endWithTest, probeToFile, temporaryDirectory } from '../support/probe.js';
import { openDescriptors } from '../support/proc.js';
import { waitFor } from '../support/wait-for.js';

type Stdio = NonNullable<NonNullable<Parameters<typeof spawn>[2]>['stdio']>;

// "0:pipe-r 1:pipe-w": number, kind and access of all that the child has open.
async function shown(stdio?: Stdio): Promise<string> {
  const { descriptors } = await probeToFile(stdio === undefined ? {} : { stdio });
  for (const each of descriptors) {
    expect(each, `descriptor ${each.fd}`).toMatchObject({ nonblock: false, cloexec: false });
  }
  const kind = (link: string) => /^\/dev\/null$|^pipe|^socket/.exec(link)?.[0] ?? 'other';
  return descriptors.map(({ fd, link, access }) => `${fd}:${kind(link)}-${access}`).join(' ');
}

const allPipes = '0:pipe-r 1:pipe-w 2:pipe-w';
const nothing = '0:/dev/null-rw 1:/dev/null-rw 2:/dev/null-rw';

describe('the child has exactly what was asked for', () => {
  test.each<[string, Stdio | undefined, string]>([
    ['no stdio', undefined, allPipes],
    ["'pipe'", 'pipe', allPipes],
    ["'ignore'", 'ignore', nothing],
    ['an empty array', [], allPipes],
    ['null and undefined', [null, undefined, null], allPipes],
    ['a short array', ['ignore'], '0:/dev/null-rw 1:pipe-w 2:pipe-w'],
    ['a mixture', ['ignore', 'pipe', 'ignore'], '0:/dev/null-rw 1:pipe-w 2:/dev/null-rw'],
    ['an extra pipe, both ways', ['ignore', 'ignore', 'ignore', 'pipe'], `${nothing} 3:socket-rw`],
    ['an extra one ignored', ['ignore', 'ignore', 'ignore', 'ignore'], nothing],
    ['extra ones left out', ['ignore', 'ignore', 'ignore', null, undefined], nothing],
    [
      'a gap',
      ['ignore', 'ignore', 'ignore', null, 'pipe', undefined, 'ignore'],
      `${nothing} 4:socket-rw`,
    ],
  ])('%s', async (_, stdio, expected) => {
    expect(await shown(stdio)).toBe(expected);
  });

  test("'inherit' is ours of the same number", async () => {
    const ours = openDescriptors();
    const seen = await probeToFile({ stdio: 'inherit' });
    expect(seen.descriptors.map(({ fd, link }) => [fd, link])).toEqual(
      [0, 1, 2].map((fd) => [fd, ours.get(fd)]),
    );
  });

  test("'inherit' above 2 is ours of the same number too", async () => {
    const file = `${temporaryDirectory()}/inherited`;
    const fd = openSync(file, 'w');
    try {
      const stdio = [...Array<'ignore'>(3).fill('ignore'), ...Array<null>(fd - 3).fill(null)];
      const seen = await probeToFile({ stdio: [...stdio, 'inherit'] });
      expect(seen.descriptors.slice(3)).toEqual([expect.objectContaining({ fd, link: file })]);
    } finally {
      closeSync(fd);
    }
  });

  test('descriptors by number, the same one at several places', async () => {
    const file = `${temporaryDirectory()}/file`;
    const fd = openSync(file, 'w+');
    try {
      const seen = await probeToFile({ stdio: [fd, fd, 'ignore', fd, fd] });
      expect(seen.descriptors.map((each) => [each.fd, each.link])).toEqual([
        [0, file],
        [1, file],
        [2, '/dev/null'],
        [3, file],
        [4, file],
      ]);
    } finally {
      closeSync(fd);
    }
  });
});

describe('what we hold', () => {
  const held = ({ stdin, stdout, stderr, stdio }: Child) => ({
    stdin: stdin !== null,
    stdout: stdout !== null,
    stderr: stderr !== null,
    stdio: stdio.map((stream) => stream !== null),
  });

  test.each<[Stdio, boolean[]]>([
    ['pipe', [true, true, true]],
    ['ignore', [false, false, false]],
    ['inherit', [false, false, false]],
    [['pipe'], [true, true, true]],
    [
      ['ignore', 'pipe', 'ignore', 'pipe', null, 'ignore'],
      [false, true, false, true, false, false],
    ],
  ])('for %j', async (stdio, streams) => {
    const child = endWithTest(await spawn('/bin/true', [], { stdio }));
    const [stdin, stdout, stderr] = streams;
    expect(held(child)).toEqual({ stdin, stdout, stderr, stdio: streams });
    expect([child.stdin, child.stdout, child.stderr]).toEqual(child.stdio.slice(0, 3));
    await child.exited;
  });

  test('an extra pipe carries both ways', async () => {
    const stdio = ['ignore', 'ignore', 'inherit', 'pipe'] as const;
    const child = endWithTest(await spawn('/bin/sh', ['-c', 'cat <&3 >&3'], { stdio }));
    const socket = child.stdio[3] as Duplex;
    socket.end('there and back');
    expect(await text(socket)).toBe('there and back');
    expect(await child.exited).toMatchObject({ code: 0 });
  });

  test('several extra pipes are not mixed up', async () => {
    const script = 'echo three >&3; echo five >&5; cat <&4 >&3';
    const stdio = ['ignore', 'ignore', 'inherit', 'pipe', 'pipe', 'pipe'] as const;
    const child = endWithTest(await spawn('/bin/sh', ['-c', script], { stdio }));
    const [, , , three, four, five] = child.stdio as readonly Duplex[];
    four!.end('four\n');
    const said = await Promise.all([text(three!), text(four!), text(five!)]);
    expect(said).toEqual(['three\nfour\n', '', 'five\n']);
  });
});

describe('streams that have a descriptor', () => {
  const shell = (script: string, stdio: Stdio) => spawn('/bin/sh', ['-c', script], { stdio });

  test('files, to read and to write', async () => {
    const directory = temporaryDirectory();
    writeFileSync(`${directory}/in`, 'from a file\n');
    const source = createReadStream(`${directory}/in`);
    const target = createWriteStream(`${directory}/out`);
    await Promise.all([once(source, 'open'), once(target, 'open')]);
    const child = await shell('cat; echo error >&2', [source, target, target]);
    expect(await child.exited).toMatchObject({ code: 0 });
    source.destroy();
    target.destroy();
    expect(readFileSync(`${directory}/out`, 'utf8')).toBe('from a file\nerror\n');
  });

  test('sockets', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    const ours = connect((server.address() as AddressInfo).port, '127.0.0.1');
    const [theirs] = (await once(server, 'connection')) as [Socket];
    onTestFinished(() => {
      ours.destroy();
      theirs.destroy();
    });
    // Node's sockets are non-blocking; one that stayed so would make this read fail at once.
    const script = 'echo ready; read line; echo "got $line"';
    const child = endWithTest(await shell(script, [theirs, theirs, 'ignore']));
    theirs.destroy();
    const said: string[] = [];
    ours.on('error', () => undefined);
    ours.setEncoding('utf8').on('data', (chunk: string) => said.push(chunk));
    await waitFor(() => said.join('').startsWith('ready\n'), {
      what: 'the child waits for its line',
    });
    ours.write('a line\n');
    expect(await child.exited).toMatchObject({ code: 0 });
    await waitFor(() => said.join('').includes('got'));
    expect(said.join('')).toBe('ready\ngot a line\n');
  });

  test('process.stdout and process.stderr', async () => {
    const ours = openDescriptors();
    const { descriptors } = await probeToFile({
      stdio: ['ignore', process.stderr, process.stdout],
    });
    // Vitest may have replaced the streams' writing, but not what is under them.
    expect(descriptors.slice(1).map(({ link }) => link)).toEqual([ours.get(2), ours.get(1)]);
  });

  test('another child’s output as this one’s input; when the reader ends, so does the writer', async () => {
    const yes = endWithTest(await spawn('yes', [], { stdio: ['ignore', 'pipe', 'ignore'] }));
    const head = endWithTest(
      await spawn('head', ['-n', '1'], { stdio: [yes.stdout!, 'pipe', 'ignore'] }),
    );
    // Ours was only lent.
    yes.stdout!.destroy();
    expect(await text(head.stdout!)).toBe('y\n');
    expect(await head.exited).toMatchObject({ code: 0 });
    expect(await yes.exited).toMatchObject({ code: null, signal: 'SIGPIPE' });
  });

  test('one without a descriptor is an error before anything starts', async () => {
    for (const stream of [new PassThrough(), createWriteStream('/dev/null')]) {
      const error = await spawn('/bin/true', [], { stdio: ['ignore', stream, 'ignore'] }).catch(
        (reason: unknown) => reason,
      );
      stream.destroy();
      expect(error).toBeInstanceOf(TypeError);
      expect(error).toMatchObject({ code: 'ERR_INVALID_ARG_VALUE' });
    }
  });
});

describe('a descriptor that is not open', () => {
  test('is EBADF, without a child', async () => {
    const error: unknown = await spawn('/bin/true', [], {
      stdio: ['ignore', 54_321, 'ignore'],
    }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'EBADF', errno: -9, syscall: 'dup2', path: '/bin/true' });
  });
});

describe('paths of the standard streams', () => {
  test('a child can open /dev/stdin, /dev/stdout and /dev/stderr again', async () => {
    const script = 'echo out > /dev/stdout; echo err > /dev/stderr; cat /dev/stdin';
    const child = endWithTest(await spawn('/bin/sh', ['-c', script]));
    child.stdin!.end('in\n');
    const said = await Promise.all([text(child.stdout!), text(child.stderr!)]);
    expect(said).toEqual(['out\nin\n', 'err\n']);
    expect(await child.exited).toMatchObject({ code: 0 });
  });
});

describe('our descriptors', () => {
  const flags = (fd: number) =>
    /^flags:\t(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1];

  test('keep their flags, and stay open, when they are handed on', async () => {
    const directory = temporaryDirectory();
    const fds = ['r+', 'a', 'w'].map((mode, index) => {
      writeFileSync(`${directory}/${index}`, '');
      return openSync(`${directory}/${index}`, mode);
    });
    const watched = [0, 1, 2, ...fds];
    const before = watched.map(flags);
    try {
      await probeToFile({ stdio: fds });
      await probeToFile({ stdio: ['inherit', 'inherit', 'inherit', ...fds] });
      expect(watched.map(flags)).toEqual(before);
    } finally {
      for (const fd of fds) closeSync(fd);
    }
  });

  test('that are non-blocking stay so, while the child’s own is blocking', async () => {
    // Node's own pipe ends are non-blocking.
    const cat = endWithTest(await spawn('/bin/cat', [], { stdio: ['pipe', 'pipe', 'ignore'] }));
    const fds = [cat.stdin!, cat.stdout!].map((stream) => (stream as unknown as { fd: number }).fd);
    const before = fds.map(flags);
    expect(before.map((value) => parseInt(value!, 8) & 0o4000)).toEqual([0o4000, 0o4000]);
    const seen = await probeToFile({ stdio: [fds[1], fds[0], 'ignore'] });
    expect(seen.descriptors.map(({ nonblock }) => nonblock)).toEqual([false, false, false]);
    expect(fds.map(flags)).toEqual(before);
    cat.stdin!.end();
    cat.stdout!.resume();
    await waitFor(() => cat.poll().state === 'exited');
  });
});
