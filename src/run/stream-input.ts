/** Feeds a job from a stream, watches it from the call to the completion, and lets go of it then. */
import { ReadStream } from 'node:fs';
import { finished, Transform, type Duplex, type Readable, type Writable } from 'node:stream';
import { inspect, types } from 'node:util';
import { isMainThread } from 'node:worker_threads';

import type { Pipe } from '../stdio/pipe.js';
import { Timer } from '../timer.js';

/** Milliseconds in which a file should have been closed. */
const CLOSE_WAIT = 100;
const STANDARD_STREAMS = 3;

const ignore = (): void => undefined;

/**
 * Whether a stream is good for nothing else when the program has read what it wanted: it is destroyed
 * then, as Node's `pipeline` does, so that a file is closed. Our own standard streams are not, nor what
 * has a direction of its own to write to (a socket), nor a request that is still to be answered.
 */
export function isOnlyInput(stream: Readable): boolean {
  const { fd, method } = stream as Readable & { fd?: unknown; method?: unknown };
  if (typeof fd === 'number' && fd >= 0 && fd < STANDARD_STREAMS) return false;
  // Looking at process.stdin opens it; in a worker it is open, and has no descriptor.
  if (!isMainThread && stream === process.stdin) return false;
  if ((stream as Partial<Duplex>).writable === true && !(stream instanceof Transform)) return false;
  if ('socket' in stream && typeof method === 'string') return false;
  return typeof stream.destroy === 'function';
}

export class StreamInput {
  readonly #source: Readable;
  readonly #isOurs: boolean;
  readonly #unwatch: () => void;
  /** As the source was when it was taken over. */
  readonly #flowing: boolean | null;
  #stdin: Writable | undefined;
  #failure: Error | undefined;
  #ended = false;
  #letGo = false;

  /** `isOurs`: to be destroyed when nothing more is asked of it. */
  constructor(source: Readable, isOurs: boolean) {
    this.#source = source;
    this.#isOurs = isOurs;
    this.#flowing = source.readableFlowing;
    this.#ended = source.readableEnded;
    this.#unwatch = finished(source, { writable: false }, this.#onFinished);
  }

  get failure(): Error | undefined {
    return this.#failure;
  }

  feed(pipe: Pipe): void {
    const stdin = pipe.stream;
    if (this.#ended) {
      stdin.end();
      return;
    }
    this.#stdin = stdin;
    stdin.on('drain', this.#onDrain).once('close', this.#release);
    // Not by way of `finished`, which waits for the source to close as well.
    this.#source.on('data', this.#onData).on('end', this.#onEnd);
    this.#source.resume();
  }

  readonly #onDrain = (): void => {
    this.#source.resume();
  };

  readonly #onData = (chunk: unknown): void => {
    const stdin = this.#stdin;
    if (stdin?.writable !== true) return;
    try {
      if (!stdin.write(chunk)) this.#source.pause();
    } catch (error) {
      // It was neither a string nor bytes.
      this.#fail(error);
    }
  };

  readonly #onEnd = (): void => {
    this.#ended = true;
    this.#stdin?.end();
  };

  readonly #onFinished = (error?: unknown): void => {
    if (error === undefined || error === null) this.#onEnd();
    // That it was destroyed is no failure if we did that.
    else if (!this.#letGo || !isPrematureClose(error)) this.#fail(error);
  };

  #fail(error: unknown): void {
    this.#failure ??= asError(error);
    this.#onEnd();
    this.#release();
  }

  /** Nothing more is read; but until the completion it is watched. */
  readonly #release = (): void => {
    if (this.#letGo) return;
    this.#letGo = true;
    const source = this.#source;
    this.#stdin?.off('drain', this.#onDrain).off('close', this.#release);
    source.off('data', this.#onData).off('end', this.#onEnd);
    if (this.#isOurs) source.destroy();
    else if (this.#stdin !== undefined) this.#giveBack();
  };

  // As it was: what nobody has read of it waits for the next reader, and does not keep the loop alive.
  #giveBack(): void {
    const source = this.#source;
    if (source.readableEnded) return;
    if (this.#flowing === true) {
      source.resume();
      return;
    }
    source.pause();
    // Explicitly paused, it would stay so although somebody listens for 'data'.
    if (this.#flowing === null)
      (source as { readableFlowing: boolean | null }).readableFlowing = null;
  }

  async letGo(): Promise<void> {
    this.#release();
    const source = this.#source;
    // A file whose opening has failed, or is about to, says so when it is closed.
    if (this.#isOurs && source instanceof ReadStream && !source.closed) await closed(source);
    if (this.#isOurs && source.destroyed && !source.closed) {
      // It may still tell of an error; nobody else is there to hear it.
      source.on('error', ignore).once('close', () => source.off('error', ignore));
    }
    this.#unwatch();
  }
}

/** A stream or a generator may fail with anything. */
function asError(error: unknown): Error {
  if (error instanceof Error || types.isNativeError(error)) return error;
  return new Error(`the input failed with ${inspect(error)}`, { cause: error });
}

function isPrematureClose(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ERR_STREAM_PREMATURE_CLOSE';
}

function closed(stream: Readable): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      timer.clear();
      stream.off('close', end);
      resolve();
    };
    // A file on a server that does not answer is not waited for.
    const timer = new Timer(CLOSE_WAIT, end);
    stream.on('close', end);
  });
}
