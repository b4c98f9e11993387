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
import { Timer } from '../timer.js';

// A stranger that escaped from the scope may hold the pipe for ever. After this much silence, in
// milliseconds, it no longer keeps the event loop alive.
const SILENCE = 100;
// A pipe holds 64 KiB unless enlarged, a socket pair a few hundred. More than this in an abandoned
// one means that somebody outside the scope goes on writing; the rest then waits for a reader.
const MOST_UNREAD = 1024 * 1024;

export type PipeDirection = 'read' | 'write' | 'both';

export class PipeStream extends Duplex {
  readonly #socket: Socket;
  #referenced = true;
  #draining = false;
  #otherEndClosed = false;
  #silence: Timer | undefined;

  /** Takes over `fd`. */
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
    this.#socket = new Socket({ fd, readable, writable, allowHalfOpen: true });
    this.#socket.pause();
    this.#socket.on('error', (error) => this.destroy(error));
    // Writing to a program that has ended is EPIPE, told to the write's callback and to whoever listens
    // for errors; it must not end the supervisor that listens for none.
    this.on('error', () => undefined);
    if (readable) {
      this.#socket.on('data', (chunk: Buffer) => this.#onData(chunk));
      this.#socket.on('end', () => {
        this.#silence?.clear();
        this.push(null);
        this.#otherEndClosed = true;
        if (this.#draining) this.#socket.destroy();
      });
      this.#socket.pause();
    }
  }

  /** The descriptor, so that the stream can be handed to another child as its stdio. */
  get fd(): number {
    return (this.#socket as Socket & { _handle?: { fd: number } | null })._handle?.fd ?? -1;
  }

  ref(): this {
    this.#referenced = true;
    this.#socket.ref();
    return this;
  }

  unref(): this {
    this.#referenced = false;
    this.#socket.unref();
    this.#silence?.reference(false);
    return this;
  }

  /** Nobody is left who should write: take in what is there, and close at the end of it. */
  drain(): void {
    if (this.destroyed) return;
    this.#draining = true;
    if (this.#otherEndClosed) {
      // Nobody is there any more, for either direction.
      this.#socket.destroy();
      return;
    }
    this.#socket.resume();
    this.#awaitSilence();
  }

  #awaitSilence(): void {
    this.#silence?.clear();
    this.#silence = new Timer(SILENCE, () => this.#socket.unref()).reference(this.#referenced);
  }

  #onData(chunk: Buffer): void {
    const wantsMore = this.push(chunk);
    const limit = this.#draining ? this.readableLength < MOST_UNREAD : wantsMore;
    if (!limit) this.#socket.pause();
    if (this.#draining) this.#awaitSilence();
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(
    chunk: Buffer,
    encoding: BufferEncoding,
    callback: (error?: Error | null) => void,
  ): void {
    this.#socket.write(chunk, encoding, (error) => {
      // A socket that was destroyed under a write calls back as if the write had succeeded.
      const lost = this.destroyed ? systemError(-constants.errno.EPIPE, 'write') : null;
      callback(error ?? lost);
    });
  }

  override _final(callback: (error?: Error | null) => void): void {
    this.#socket.end(() => callback());
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#silence?.clear();
    this.#socket.destroy();
    callback(error);
  }
}
