/** A job's standard input: what it may be, and from where it comes. */
import { Blob } from 'node:buffer';
import { Readable } from 'node:stream';
import { ReadableStream } from 'node:stream/web';
import { types } from 'node:util';

import { invalidType, invalidValue } from '../errors/index.js';
import type { RunInput } from '../options/run-options.js';
import { isObject } from '../options/validate.js';
import type { Pipe } from '../stdio/pipe.js';
import { isOnlyInput, StreamInput } from './stream-input.js';

/** From the call to the completion. */
export interface Input {
  /** Why it could not be read; that the program stopped reading is no failure. */
  readonly failure: Error | undefined;
  /** Writes it to the child's standard input, which it closes at its end. */
  feed(stdin: Pipe): void;
  /** Called when nothing more is asked of it. */
  letGo(): Promise<void>;
}

class Bytes implements Input {
  readonly failure = undefined;
  readonly #bytes: string | Uint8Array | undefined;

  constructor(bytes: string | Uint8Array | undefined) {
    this.#bytes = bytes;
  }

  feed(stdin: Pipe): void {
    // Without input, a pipe that nobody writes to would keep the program waiting for ever.
    if (this.#bytes === undefined) stdin.end();
    else stdin.stream.end(this.#bytes);
  }

  async letGo(): Promise<void> {}
}

const NONE = new Bytes(undefined);

const EXPECTED =
  'a string, bytes, a Readable, a ReadableStream, a Blob or an iterable of strings or bytes';

function isNodeStream(value: Record<string, unknown>): boolean {
  return (
    typeof value.readable === 'boolean' &&
    [value.on, value.pipe, value.pause, value.resume].every((each) => typeof each === 'function')
  );
}

function isIterable(value: object): boolean {
  const { [Symbol.asyncIterator]: async, [Symbol.iterator]: sync } = value as Partial<
    AsyncIterable<unknown> & Iterable<unknown>
  >;
  return typeof async === 'function' || typeof sync === 'function';
}

type Views = NodeJS.ArrayBufferView | ArrayBufferLike;

function isBytes(value: unknown): value is Views {
  return ArrayBuffer.isView(value) || types.isAnyArrayBuffer(value);
}

/** Looks at it, and does nothing to it. */
export function checkInput(name: string, value: unknown): RunInput {
  try {
    return classify(name, value);
  } catch (error) {
    if (error instanceof TypeError && 'code' in error) throw error;
    // A proxy or a getter of its own threw.
    throw invalidValue(name, `can't be read (${String(error)})`, value);
  }
}

function classify(name: string, value: unknown): RunInput {
  if (typeof value === 'string' || isBytes(value)) return value;
  const isList = Array.isArray(value);
  if (!isList && !isObject(value)) throw invalidType(name, EXPECTED, value);
  if (value instanceof ReadableStream) {
    if (value.locked) throw invalidValue(name, 'is a stream that somebody else reads', value);
    return value;
  }
  if (value instanceof Blob || isIterable(value)) return value as RunInput;
  if (!isList && isNodeStream(value)) return value as never;
  throw invalidType(name, EXPECTED, value);
}

/** Copied: what the caller changes later, or hands to another thread, is not what was named. */
function copyOf(bytes: Views): Buffer {
  const view = ArrayBuffer.isView(bytes)
    ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    : new Uint8Array(bytes);
  return Buffer.from(view);
}

/** By Node's own converters. */
function streamOf(input: Exclude<RunInput, string>): StreamInput {
  if (input instanceof ReadableStream) return new StreamInput(Readable.fromWeb(input), true);
  if (input instanceof Blob) return new StreamInput(Readable.fromWeb(input.stream()), true);
  if (isNodeStream(input as never)) {
    const stream = input as Readable;
    return new StreamInput(stream, isOnlyInput(stream));
  }
  return new StreamInput(Readable.from(input as AsyncIterable<string>), true);
}

/** Taken over in the call itself: from here on a stream is watched. */
export function openInput(input: RunInput | undefined): Input {
  if (input === undefined) return NONE;
  if (typeof input === 'string') return new Bytes(input);
  try {
    return isBytes(input) ? new Bytes(copyOf(input)) : streamOf(input);
  } catch (error) {
    throw invalidValue('options.input', `can't be read (${String(error)})`, input);
  }
}
