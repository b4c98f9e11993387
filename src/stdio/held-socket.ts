/**
 * A socket that reads nothing before it is asked to, nor while it is held. Pausing a stream is not enough
 * for that: a paused socket goes on until its own buffer is full, and one whose resumption is already on
 * its way begins to read in the next tick.
 */
import { Socket, type SocketConstructorOpts } from 'node:net';

import { stopReading } from './lending.js';

interface Handle {
  readonly fd: number;
  readonly reading: boolean;
  setBlocking(on: boolean): number;
}

export class HeldSocket extends Socket {
  #held = false;
  /** Somebody wants to read as soon as it is released. */
  #owed = false;

  constructor(options: SocketConstructorOpts) {
    // Without `manualStart` a socket begins to read when it is made. Node's declarations leave it out.
    const all: SocketConstructorOpts & { manualStart: boolean } = { ...options, manualStart: true };
    super(all);
  }

  get #handle(): Handle | undefined {
    return (this as { _handle?: Handle | null })._handle ?? undefined;
  }

  /** -1 if it is closed. */
  get fd(): number {
    return this.#handle?.fd ?? -1;
  }

  /** What it has in its own buffer comes as 'data', within this call; and nothing after it. */
  hold(): void {
    this.#held = true;
    this.#owed = this.#handle?.reading === true;
    stopReading(this);
    if (this.readableLength > 0) this.read();
  }

  /** Still paused. */
  release(): void {
    this.#held = false;
    // The child's half makes a socket blocking, which ours is as well then.
    this.#handle?.setBlocking(false);
    if (this.#owed) super._read(0);
    this.#owed = false;
  }

  override _read(size: number): void {
    if (this.#held) this.#owed = true;
    else super._read(size);
  }
}
