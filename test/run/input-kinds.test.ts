// What `input` takes: text, bytes of every kind, and whatever Node itself can read in pieces.
import { Server } from 'node:net';
import { Stream, Writable } from 'node:stream';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { run, type RunInput } from '../../src/index.js';
import { ownChildren } from '../support/proc.js';

const cat = (input: RunInput) => run('/bin/cat', [], { input });
const firstLine = (input: RunInput) => run('/usr/bin/head', ['-n1'], { input });

const bytes = (text: string) => Uint8Array.from(Buffer.from(text));
const shared = () => {
  const buffer = new SharedArrayBuffer(4);
  new Uint8Array(buffer).set(bytes('text'));
  return buffer;
};
const foreign = (code: string) => runInNewContext(code) as RunInput;

async function* slowly(...pieces: string[]) {
  for (const piece of pieces) {
    await new Promise((resolve) => setImmediate(resolve));
    yield piece;
  }
}

describe('reads', () => {
  test.each<[string, () => RunInput]>([
    ['a string', () => 'text'],
    ['a Buffer', () => Buffer.from('text')],
    ['a part of a buffer', () => bytes('a text').subarray(2)],
    ['a DataView', () => new DataView(bytes('a text!').buffer, 2, 4)],
    ['a Uint16Array', () => new Uint16Array(bytes('text').buffer)],
    ['a Float32Array', () => new Float32Array(bytes('text').buffer)],
    ['an ArrayBuffer', () => bytes('text').buffer],
    ['a SharedArrayBuffer', shared],
    ["another realm's Uint8Array", () => foreign('Uint8Array.from([116, 101, 120, 116])')],
    ["another realm's ArrayBuffer", () => foreign('Uint8Array.from([116, 101, 120, 116]).buffer')],
    ['a Blob', () => new Blob(['te', bytes('xt')])],
    ['a web stream', () => new Blob(['text']).stream()],
    ['an array', () => ['te', bytes('xt')]],
    ['a set', () => new Set(['te', 'xt'])],
    ['a generator', () => ['te', 'xt'].values()],
    ["another realm's array", () => foreign("['te', 'xt']")],
    ['an async generator', () => slowly('te', 'xt')],
  ])('%s', async (_, input) => {
    expect(await cat(input())).toMatchObject({ status: 'completed', stdout: 'text' });
  });

  test('a stream in the old style', async () => {
    const old = Object.assign(new Stream(), { readable: true, pause() {}, resume() {} });
    const running = cat(old as never);
    setTimeout(() => {
      old.emit('data', 'text');
      old.emit('end');
    }, 20);
    expect(await running).toMatchObject({ status: 'completed', stdout: 'text' });
    expect(old.eventNames()).toEqual([]);
  });
});

describe('what is changed after the call', () => {
  test('is not what the program gets', async () => {
    const input = Buffer.from('before');
    const running = cat(input);
    input.fill('x');
    expect(await running).toMatchObject({ stdout: 'before' });
  });

  test('may be handed on', async () => {
    const input = bytes('before').buffer;
    const running = cat(input);
    structuredClone(input, { transfer: [input] });
    expect(await running).toMatchObject({ stdout: 'before' });
  });
});

describe('lets go of', () => {
  test('an async generator that the program did not read to its end', async () => {
    let returned = false;
    async function* endless() {
      try {
        for (;;) yield 'line\n';
      } finally {
        returned = true;
        await Promise.resolve();
      }
    }
    expect(await firstLine(endless())).toMatchObject({ status: 'completed', stdout: 'line\n' });
    expect(returned).toBe(true);
  });

  test('an async generator that never says anything', async () => {
    async function* silent() {
      yield 'line\n';
      await new Promise(() => undefined);
    }
    expect(await firstLine(silent())).toMatchObject({ status: 'completed', stdout: 'line\n' });
  });

  test('a web stream, which is cancelled', async () => {
    let cancelled = false;
    const endless = new ReadableStream<string>({
      pull: (controller) => controller.enqueue('line\n'),
      cancel: () => {
        cancelled = true;
      },
    });
    expect(await firstLine(endless)).toMatchObject({ stdout: 'line\n' });
    expect(cancelled).toBe(true);
  });
});

describe('is an error, once it has begun, for', () => {
  const broken = new Error('broken');
  test.each<[string, () => RunInput, object]>([
    [
      'a generator that throws',
      () =>
        (function* () {
          yield 'text';
          throw broken;
        })(),
      broken,
    ],
    [
      'a web stream that fails',
      () => new ReadableStream({ start: (controller) => controller.error(broken) }),
      broken,
    ],
    ['numbers', () => [1, 2] as never, { code: 'ERR_INVALID_ARG_TYPE' }],
    ['objects', () => [{ text: 'text' }] as never, { code: 'ERR_INVALID_ARG_TYPE' }],
    [
      'a generator that throws no error',
      () =>
        // eslint-disable-next-line require-yield
        (function* (): Generator<string> {
          // eslint-disable-next-line @typescript-eslint/only-throw-error
          throw 'just text';
        })(),
      { message: "the input failed with 'just text'", cause: 'just text' },
    ],
  ])('%s', async (_, input, error) => {
    const completion = await cat(input());
    expect(completion).toMatchObject({ status: 'error', exit: { code: 0 } });
    expect(completion.error).toBeInstanceOf(Error);
    expect(completion.error).toMatchObject(error);
  });
});

const revoked = (target: object) => {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
};
const locked = () => {
  const stream = new ReadableStream();
  stream.getReader();
  return stream;
};
const detached = () => {
  const buffer = new ArrayBuffer(4);
  structuredClone(buffer, { transfer: [buffer] });
  return buffer;
};

describe('is a TypeError with a code, and nothing is started, for', () => {
  test.each<[string, unknown]>([
    ['null', null],
    ['a number', 5],
    ['a boolean', true],
    ['a function', () => 'text'],
    ['a symbol', Symbol('text')],
    ['a plain object', { text: 'text' }],
    ['a date', new Date()],
    ['a writable stream', new Writable()],
    ['a server', new Server()],
    ['a web stream that somebody reads', locked()],
    ['an ArrayBuffer that is gone', detached()],
    ['a revoked proxy', revoked({})],
    ['a revoked proxy of an array', revoked([])],
    [
      'an object whose getter throws',
      {
        get readable() {
          throw new Error('no');
        },
      },
    ],
    [
      'an iterable that throws',
      {
        [Symbol.iterator]() {
          throw new Error('no');
        },
      },
    ],
  ])('%s', async (_, input) => {
    const before = ownChildren();
    const failure: unknown = await cat(input as never).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(TypeError);
    expect(failure).toMatchObject({
      code: expect.stringMatching(/^ERR_INVALID_ARG_(TYPE|VALUE)$/) as string,
    });
    expect(ownChildren()).toEqual(before);
  });
});
