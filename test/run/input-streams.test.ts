// A stream as `input` is watched from the call to the completion, and then let go of.
import { createReadStream, writeFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { connect, createServer as createNetServer, type AddressInfo, type Server } from 'node:net';
import { Duplex, PassThrough, Readable } from 'node:stream';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openJournal, run } from '../../src/index.js';
import { temporaryDirectory } from '../support/probe.js';
import { openDescriptors } from '../support/proc.js';
import { nodeProgram, startProgram } from '../support/program.js';
import { waitFor } from '../support/wait-for.js';

const listeners = (stream: Readable) =>
  Object.fromEntries(stream.eventNames().map((name) => [name, stream.listenerCount(name)]));

const silent = () => new Readable({ read() {} });

/** An 'error' that nobody hears is an uncaught exception, which fails the test run. */
describe('a stream that fails', () => {
  test('because its file is missing', async () => {
    for (const program of ['/bin/cat', '/bin/true']) {
      expect(await run(program, [], { input: createReadStream('/nope') })).toMatchObject({
        status: 'error',
        exit: { code: 0 },
        error: { code: 'ENOENT', path: '/nope' },
      });
    }
  });

  test('in the turn after the call', async () => {
    const later: ((call: () => void) => unknown)[] = [
      (call) => call(),
      (call) => process.nextTick(call),
      (call) => queueMicrotask(call),
      (call) => setImmediate(call),
      (call) => setTimeout(call, 1),
    ];
    for (const when of later) {
      const input = silent();
      const running = run('/bin/cat', [], { input });
      when(() => input.destroy(new Error('changed my mind')));
      expect(await running).toMatchObject({
        status: 'error',
        exit: { code: 0 },
        error: { message: 'changed my mind' },
      });
    }
  });

  test('without saying why', async () => {
    const input = silent();
    const running = run('/bin/cat', [], { input });
    input.destroy();
    expect(await running).toMatchObject({
      status: 'error',
      error: { code: 'ERR_STREAM_PREMATURE_CLOSE' },
    });
  });

  test('while the record of the job is written', async () => {
    await using journal = await openJournal(temporaryDirectory());
    const input = silent();
    const running = run('/bin/cat', [], { input, journal });
    process.nextTick(() => input.destroy(new Error('no more')));
    expect(await running).toMatchObject({ status: 'error', error: { message: 'no more' } });
    expect(journal.entries()).toMatchObject([{ status: 'error' }]);
  });

  test('while the program runs on, which has closed its input', async () => {
    const input = silent();
    const script = 'exec 0<&-; echo ready; until [ -e $1 ]; do sleep 0.01; done';
    const proof = `${temporaryDirectory()}/failed`;
    const { status, error } = await run('/bin/sh', ['-c', script, 'sh', proof], {
      input,
      onOutput: () => {
        input.destroy(new Error('no more'));
        writeFileSync(proof, '');
      },
    });
    expect({ status, error }).toMatchObject({ status: 'error', error: { message: 'no more' } });
  });

  test('beside a program that could not be started', async () => {
    for (const input of [createReadStream('/nope'), silent()]) {
      expect(await run('/nowhere', [], { input })).toMatchObject({
        status: 'error',
        exit: null,
        error: { code: 'ENOENT', syscall: 'spawn /nowhere' },
      });
      input.destroy(new Error('too late'));
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  });

  test('before it was handed over', async () => {
    const gone = silent();
    gone.on('error', () => undefined).destroy(new Error('gone'));
    await waitFor(() => gone.closed);
    expect(await run('/bin/cat', [], { input: gone })).toMatchObject({
      status: 'error',
      error: { message: 'gone' },
    });
  });

  test('is told after what is worse', async () => {
    const input = silent();
    input.destroy(new Error('no more'));
    expect(await run('/bin/sleep', ['60'], { input, timeout: 100 })).toMatchObject({
      status: 'timeout',
    });
  });
});

test('a stream that was read to its end before is an empty input', async () => {
  const input = Readable.from(['x']);
  await input.toArray();
  expect(await run('/bin/cat', [], { input })).toMatchObject({ status: 'completed', stdout: '' });
});

describe('afterwards', () => {
  test('a stream has the listeners that it had', async () => {
    const input = new PassThrough();
    const before = listeners(input);
    input.end('x');
    await run('/bin/cat', [], { input });
    expect(listeners(input)).toEqual(before);
    const unread = silent();
    await run('/bin/true', [], { input: unread });
    expect(unread.destroyed).toBe(true);
    await waitFor(() => unread.eventNames().length === 0);
  });

  test('no file is left open', async () => {
    const file = `${temporaryDirectory()}/long`;
    writeFileSync(file, 'line\n'.repeat(200_000));
    const cycle = () => run('/usr/bin/head', ['-n1'], { input: createReadStream(file) });
    await cycle();
    const before = openDescriptors().size;
    for (let round = 0; round < 20; round++) {
      expect(await cycle()).toMatchObject({ status: 'completed', stdout: 'line\n' });
    }
    await waitFor(() => openDescriptors().size <= before);
  });

  test('what can be written to as well is left open, and as it was', async () => {
    const input = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
    const before = listeners(input);
    await run('/bin/true', [], { input });
    expect(listeners(input)).toEqual(before);
    expect(input).toMatchObject({ destroyed: false, readableFlowing: null });
    const chunks: string[] = [];
    input.setEncoding('utf8').on('data', (chunk: string) => chunks.push(chunk));
    input.push('alive');
    await waitFor(() => chunks.length > 0);
    expect(chunks).toEqual(['alive']);
  });
});

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

describe('over a connection', () => {
  test('a request that was not read to its end can be answered', async () => {
    const server = createServer((incoming, response) => {
      void run('/usr/bin/head', ['-n1'], { input: incoming }).then(({ stdout }) => {
        response.end(`read ${stdout}`);
      });
    });
    const port = await listening(server);
    const answer = await new Promise<string>((resolve, reject) => {
      const outgoing = request({ host: '127.0.0.1', port, method: 'POST' }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        response.on('end', () => resolve(text));
      });
      outgoing.on('error', reject).write('one\ntwo\n');
      onTestFinished(() => void outgoing.destroy());
    });
    expect(answer).toBe('read one\n');
  });

  test('a socket can be written to afterwards', async () => {
    const server = createNetServer((socket) => {
      void run('/usr/bin/head', ['-n1'], { input: socket }).then(({ stdout }) => {
        socket.end(`read ${stdout}`);
      });
    });
    const client = connect(await listening(server), '127.0.0.1');
    client.write('one\ntwo\n');
    let text = '';
    for await (const chunk of client.setEncoding('utf8')) text += chunk as string;
    expect(text).toBe('read one\n');
  });
});

describe('our own standard input', () => {
  const twice = `
    import { run } from 'reapwell';
    const options = { input: process.stdin };
    const { status } = await run('/bin/true', [], options);
    const { stdin } = process;
    console.log(status, stdin.destroyed, stdin.listenerCount('error'), stdin.listenerCount('data'));
  `;

  test('stays open, and its rest is there for the next', async () => {
    const program = startProgram(
      `${twice}
      console.log('ready');
      console.log((await run('/bin/cat', [], options)).stdout);`,
      { stdio: ['pipe', 'pipe', 'pipe'] },
    );
    await program.line(/^ready$/);
    program.child.stdin!.end('the rest');
    const { stdout, stderr } = await program.ended;
    expect({ stdout, stderr }).toEqual({
      stdout: 'completed false 0 0\nready\nthe rest\n',
      stderr: '',
    });
  });

  test('is there for whoever listens to it afterwards', async () => {
    const program = startProgram(
      `${twice}
      stdin.setEncoding('utf8').on('data', (text) => console.log(text));
      console.log('ready');`,
      { stdio: ['pipe', 'pipe', 'pipe'] },
    );
    await program.line(/^ready$/);
    program.child.stdin!.end('the rest');
    expect((await program.ended).stdout).toBe('completed false 0 0\nready\nthe rest\n');
  });

  test('does not keep the event loop alive', async () => {
    // Its end never comes: only if nobody waits for it, the program ends.
    const program = startProgram(twice, { stdio: ['pipe', 'pipe', 'pipe'] });
    expect(await program.ended).toMatchObject({ code: 0, stdout: 'completed false 0 0\n' });
  });

  test('may be /dev/null', async () => {
    const { stdout, stderr } = await nodeProgram(twice);
    expect({ stdout, stderr }).toEqual({ stdout: 'completed false 0 0\n', stderr: '' });
  });
});

test('fifty megabytes in chunks, with one listener each', async () => {
  const program = `
    import { Readable } from 'node:stream';
    import { run } from 'reapwell';
    process.on('warning', (warning) => console.log(warning.message));
    const chunks = Array.from({ length: 1000 }, () => Buffer.alloc(50_000));
    for (const input of [Readable.from(chunks), chunks]) {
      const { stdout } = await run('/bin/sh', ['-c', 'sleep 0.1; wc -c'], { input });
      console.log(stdout.trim());
    }
  `;
  const { stdout, stderr } = await nodeProgram(program);
  expect({ stdout, stderr }).toEqual({ stdout: '50000000\n50000000\n', stderr: '' });
});
