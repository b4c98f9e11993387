/**
 * Our end of a pipe of a child's: a descriptor, and a stream once somebody asks for it. A stream costs
 * more than all the rest of a short-lived child, and many pipes are never read, or only by `run`.
 */
import type { AsyncResource } from 'node:async_hooks';

import { binding } from '../native/binding.js';
import { PipeStream, type PipeDirection } from './pipe-stream.js';
import { readAvailable } from './read-available.js';

// A pipe holds 64 KiB unless enlarged, a socket pair a few hundred.
const MOST_AT_ONCE = 1024 * 1024;

export class Pipe {
  /** Lent by the addon; -1 when it is closed, or the stream has it. */
  #fd: number;
  readonly #direction: PipeDirection;
  readonly #context: AsyncResource;
  #stream: PipeStream | undefined;
  #referenced = true;
  /** All that there was, when the other end had been closed before anybody asked for the stream. */
  #rest: readonly Buffer[] | undefined;

  /** The stream's events come in `context`, whoever asks for it first. */
  constructor(fd: number, direction: PipeDirection, context: AsyncResource) {
    this.#fd = fd;
    this.#direction = direction;
    this.#context = context;
  }

  get stream(): PipeStream {
    return (this.#stream ??= this.#context.runInAsyncScope(() => this.#open()));
  }

  #open(): PipeStream {
    const closed = this.#fd < 0;
    if (!closed) binding.handOverDescriptor(this.#fd);
    const stream = new PipeStream(this.#fd, this.#direction);
    this.#fd = -1;
    if (!this.#referenced) stream.unref();
    if (this.#rest !== undefined) stream.takeIn(this.#rest, true);
    else if (closed) stream.destroy();
    return stream;
  }

  /** Everything, if the other end is closed and nobody has asked for the stream; else undefined. */
  takeAll(): readonly Buffer[] | undefined {
    const all = this.#rest;
    this.#rest = undefined;
    return all;
  }

  /** Nobody is left who should write: take in what is there, and close at the end of it. */
  drain(): void {
    if (this.#stream !== undefined) return this.#stream.drain();
    if (this.#fd < 0) return;
    try {
      const { chunks, ended } = readAvailable(this.#fd, MOST_AT_ONCE);
      if (ended) {
        this.#rest = chunks;
        this.#close();
        return;
      }
      this.stream.takeIn(chunks, false);
      this.stream.drain();
    } catch (error) {
      this.stream.destroy(error as Error);
    }
  }

  /** Closes it for writing once what has been written is delivered. False: it was closed already. */
  end(): boolean {
    if (this.#stream === undefined) return this.#close();
    if (this.#stream.destroyed) return false;
    this.#stream.end();
    return true;
  }

  destroy(): void {
    this.#close();
    this.#stream?.destroy();
  }

  reference(on: boolean): void {
    this.#referenced = on;
    if (on) this.#stream?.ref();
    else this.#stream?.unref();
  }

  #close(): boolean {
    if (this.#fd < 0) return false;
    binding.closeDescriptor(this.#fd);
    this.#fd = -1;
    return true;
  }
}
