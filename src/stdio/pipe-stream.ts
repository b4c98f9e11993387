/**
 * The user's end of a pipe or socket pair that a child holds the other end of.
 *
 * A plain net.Socket would do, but for one thing: what a child wrote before it exited must neither be
 * lost when it is read only after the exit, nor keep a descriptor open for ever when it is never read
 * at all. So the socket is hidden behind a stream that, once the child's scope is empty, takes in what
 * the pipe still holds and lets the descriptor go.
 */
import { Socket } from 'node:net';
import { constants } from 'node:os';
import { Duplex, type DuplexOptions } from 'node:stream';

import { systemError } from '../errors/index.js';
import { binding } from '../native/binding.js';
import { Timer } from '../timer.js';

// A stranger that escaped from the scope may hold the pipe for ever. After this much silence, in
// milliseconds, it no longer keeps the event loop alive.
const SILENCE = 100;
// A pipe holds 64 KiB unless enlarged, a socket pair a few hundred. More than this in an abandoned
// one means that somebody outside the scope goes on writing; the rest then waits for a reader.
const MOST_UNREAD = 1024 * 1024;

// Who writes more at once than a pipe holds waits for the child twice as long in small portions.
const LARGE = 64 * 1024;

export type PipeDirection = 'read' | 'write' | 'both';

// Writing to a program that has ended is EPIPE, told to the write's callback and to whoever listens for
// errors; it must not end the supervisor that listens for none.
const ignore = (): void => undefined;

export class PipeStream extends Duplex {
  /** undefined: the descriptor was closed before anybody asked for the stream. */
  readonly #socket: Socket | undefined;
  #referenced = true;
  #draining = false;
  #enlarged = false;
  #otherEndClosed = false;
  #silence: Timer | undefined;

  /** Takes over `fd`; -1 if it has been closed. */
  constructor(fd: number, direction: PipeDirection) {
    const readable = direction !== 'write';
    const writable = direction !== 'read';
    // Node's Duplex takes `readable` and `writable`, which its type declarations leave out.
    const options: DuplexOptions & { readable: boolean; writable: boolean } = {
      readable,
      writable,
      allowHalfOpen: direction === 'both',
    };
    super(options);
    this.on('error', ignore);
    if (fd < 0) return;
    const socket = new Socket({ fd, readable, writable, allowHalfOpen: true });
    this.#socket = socket;
    socket.pause();
    socket.on('error', (error) => this.destroy(error));
    if (readable) {
      socket.on('data', (chunk: Buffer) => this.#onData(chunk));
      socket.on('end', () => this.#onEnd());
      socket.pause();
    }
  }

  /** The descriptor, so that the stream can be handed to another child as its stdio. */
  get fd(): number {
    const socket = this.#socket as (Socket & { _handle?: { fd: number } | null }) | undefined;
    return socket?._handle?.fd ?? -1;
  }

  /** @internal What is left to read is here. */
  get otherEndClosed(): boolean {
    return this.#otherEndClosed;
  }

  /** @internal What was read before there was this stream; `ended`: and there is no more. */
  takeIn(chunks: readonly Buffer[], ended: boolean): void {
    for (const chunk of chunks) this.push(chunk);
    if (ended) this.#onEnd();
  }

  ref(): this {
    this.#referenced = true;
    this.#socket?.ref();
    return this;
  }

  unref(): this {
    this.#referenced = false;
    this.#socket?.unref();
    this.#silence?.reference(false);
    return this;
  }

  /** Nobody is left who should write: take in what is there, and close at the end of it. */
  drain(): void {
    if (this.destroyed || this.#draining) return;
    this.#draining = true;
    // Nobody is there any more, for either direction.
    if (this.#otherEndClosed) {
      this.#socket?.destroy();
      return;
    }
    this.#socket?.resume();
    this.#awaitSilence();
  }

  #awaitSilence(): void {
    this.#silence?.clear();
    this.#silence = new Timer(SILENCE, () => this.#socket?.unref()).reference(this.#referenced);
  }

  #onData(chunk: Buffer): void {
    const wantsMore = this.push(chunk);
    const limit = this.#draining ? this.readableLength < MOST_UNREAD : wantsMore;
    if (!limit) this.#socket?.pause();
    if (this.#draining) this.#awaitSilence();
  }

  #onEnd(): void {
    this.#silence?.clear();
    this.#otherEndClosed = true;
    this.push(null);
    if (this.#draining) this.#socket?.destroy();
  }

  override _read(): void {
    this.#socket?.resume();
  }

  override _write(
    chunk: Buffer,
    encoding: BufferEncoding,
    callback: (error?: Error | null) => void,
  ): void {
    const lost = (): Error => systemError(-constants.errno.EPIPE, 'write');
    const socket = this.#socket;
    if (socket === undefined) return callback(lost());
    if (!this.#enlarged && this.writableLength > LARGE) {
      this.#enlarged = true;
      binding.enlargePipe(this.fd);
    }
    socket.write(chunk, encoding, (error) => {
      // A socket that was destroyed under a write calls back as if the write had succeeded.
      callback(error ?? (this.destroyed ? lost() : null));
    });
  }

  override _final(callback: (error?: Error | null) => void): void {
    const socket = this.#socket;
    if (socket === undefined) callback();
    else socket.end(() => callback());
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#silence?.clear();
    this.#socket?.destroy();
    callback(error);
  }
}
