/**
 * The user's end of a pipe or socket pair that a child holds the other end of.
 *
 * A plain net.Socket would do, but for one thing: what a child wrote before it exited must neither be
 * lost when it is read only after the exit, nor keep a descriptor open for ever when it is never read
 * at all. So the socket is hidden behind a stream that, once the child's scope is empty, takes in what
 * the pipe still holds and lets the descriptor go.
 *
 * Nothing is read before somebody asks for it, so that the descriptor can be handed to another child
 * with everything still in it.
 */
import { constants } from 'node:os';
import { Duplex, type DuplexOptions } from 'node:stream';

import { invalidValue, systemError } from '../errors/index.js';
import { binding } from '../native/binding.js';
import { LEND, type Lender, type Lent } from '../options/stdio.js';
import { Timer } from '../timer.js';
import { HeldSocket } from './held-socket.js';
import { readAvailable } from './read-available.js';

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

export class PipeStream extends Duplex implements Lender {
  /** undefined: the descriptor was closed before anybody asked for the stream. */
  readonly #socket: HeldSocket | undefined;
  readonly #direction: PipeDirection;
  /** What has come, and nobody has asked for yet. */
  readonly #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #wanted = false;
  #referenced = true;
  #draining = false;
  #enlarged = false;
  #otherEndClosed = false;
  #endPushed = false;
  #silence: Timer | undefined;
  /** How many starts have its descriptor; nothing is read meanwhile. */
  #lent = 0;

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
    this.#direction = direction;
    this.on('error', ignore);
    if (fd < 0) return;
    const socket = new HeldSocket({ fd, readable, writable, allowHalfOpen: true });
    this.#socket = socket;
    socket.pause();
    socket.on('error', (error) => this.destroy(error));
    if (readable) {
      socket.on('data', (chunk: Buffer) => this.#onData(chunk));
      socket.on('end', () => this.#onEnd());
      socket.pause();
    }
  }

  /** The descriptor; -1 if there is none any more. */
  get fd(): number {
    return this.#socket?.fd ?? -1;
  }

  /** @internal What is left to read can be read at once. */
  get otherEndClosed(): boolean {
    return this.#otherEndClosed && this.#waiting.length === 0;
  }

  /** @internal What was read before there was this stream; `ended`: and there is no more. */
  takeIn(chunks: readonly Buffer[], ended: boolean): void {
    for (const chunk of chunks) this.#keep(chunk);
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

  /**
   * @internal To another child: the descriptor with what is unread in it, or where that has been taken
   * in already, another one that holds it. Ours is closed once that child has it, so that who writes
   * learns when its reader has gone. What is only written to stays ours as well.
   */
  [LEND](): Lent {
    if (this.#direction === 'write')
      return { fd: this.fd, made: false, handedOver: false, settle: ignore };
    this.#lent++;
    // What the socket has read itself waits here from now on.
    if (this.#lent === 1) this.#socket?.hold();
    try {
      const fd = this.#unread();
      const settle = (taken: boolean): void => {
        if (taken) this.destroy();
        else this.#takeBack();
      };
      const made = fd === undefined;
      return { fd: fd ?? this.#refill(), made, handedOver: true, settle };
    } catch (error) {
      this.#takeBack();
      throw error;
    }
  }

  /** The descriptor, if nothing has been taken out of it; undefined: everything has. */
  #unread(): number | undefined {
    if (this.destroyed) return -1;
    if (this.#otherEndClosed) return undefined;
    if (this.#waiting.length === 0) return this.fd;
    if (this.#direction === 'read') {
      const { chunks, ended } = readAvailable(this.fd, MOST_UNREAD);
      for (const chunk of chunks) this.#keep(chunk);
      this.#otherEndClosed = ended;
      if (ended) return undefined;
    }
    throw invalidValue(
      'options.stdio',
      `must not have a stream that was read in part (${this.#waitingBytes} bytes are in memory)`,
      this,
    );
  }

  #refill(): number {
    const fd = binding.fillDescriptor(Buffer.concat(this.#waiting));
    if (fd < 0) throw systemError(fd, 'pipe2');
    return fd;
  }

  /** It did not start. */
  #takeBack(): void {
    this.#lent--;
    if (this.#lent > 0 || this.destroyed) return;
    this.#socket?.release();
    this.#goOn();
    if (this.#draining) this.#beginDraining();
  }

  /** Nobody is left who should write: take in what is there, and close at the end of it. */
  drain(): void {
    if (this.destroyed || this.#draining) return;
    this.#draining = true;
    if (this.#lent === 0) this.#beginDraining();
  }

  #beginDraining(): void {
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

  #keep(chunk: Buffer): void {
    this.#waiting.push(chunk);
    this.#waitingBytes += chunk.length;
  }

  /** As much as is wanted, unless it is another child's now. */
  #deliver(): void {
    if (this.#lent > 0) return;
    for (let chunk; this.#wanted && (chunk = this.#waiting.shift()) !== undefined;) {
      this.#waitingBytes -= chunk.length;
      this.#wanted = this.push(chunk);
    }
    if (!this.#otherEndClosed || this.#waiting.length > 0 || this.#endPushed) return;
    this.#endPushed = true;
    this.push(null);
  }

  #goOn(): void {
    this.#deliver();
    if (!this.#wanted || this.#lent > 0) return;
    // read(0) as well: what resume() begins in the next tick never comes where a program has put a fake
    // process.nextTick in its place (jest's timers do).
    this.#socket?.resume().read(0);
  }

  #onData(chunk: Buffer): void {
    this.#keep(chunk);
    this.#deliver();
    const unread = this.#waitingBytes + this.readableLength;
    const enough = this.#draining ? unread >= MOST_UNREAD : !this.#wanted;
    if (enough) this.#socket?.pause();
    if (this.#draining) this.#awaitSilence();
  }

  #onEnd(): void {
    this.#silence?.clear();
    this.#otherEndClosed = true;
    this.#deliver();
    if (this.#draining) this.#socket?.destroy();
  }

  override _read(): void {
    this.#wanted = true;
    this.#goOn();
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
