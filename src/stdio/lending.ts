/** What a call names is taken in the call: the descriptors under its streams, unread from here on. */
import { closeSync } from 'node:fs';

import { isLender, LEND, StdioKind, type Lent, type StdioPlan } from '../options/stdio.js';

/** A stream that is handed to a child is no longer read here: both would get a part of the data. */
export function stopReading(stream: object): void {
  const { pause, _handle: handle } = stream as {
    pause?: () => void;
    _handle?: { reading?: boolean; readStop?: () => void } | null;
  };
  if (typeof pause === 'function') pause.call(stream);
  if (typeof handle?.readStop !== 'function') return;
  handle.reading = false;
  handle.readStop();
}

/** The descriptors of one call, lent until its child has them or could not be started. */
export class Lending {
  /** How many there are, then kind and descriptor of each, as the addon takes them. */
  readonly numbers: readonly number[];
  readonly #lent = new Map<object, Lent>();

  /** Throws what a stream says that can't be lent; then none is. */
  constructor(stdio: readonly StdioPlan[]) {
    const numbers = [stdio.length];
    try {
      for (const { kind, fd, stream } of stdio) {
        if (stream === undefined) numbers.push(kind, fd);
        else numbers.push(...this.#lend(stream, fd));
      }
    } catch (error) {
      this.letGo();
      this.settle(false);
      throw error;
    }
    this.numbers = numbers;
  }

  #lend(stream: object, fd: number): [kind: StdioKind, fd: number] {
    if (!isLender(stream)) {
      stopReading(stream);
      return [StdioKind.Descriptor, fd];
    }
    const lent = this.#lent.get(stream) ?? stream[LEND]();
    this.#lent.set(stream, lent);
    return [lent.handedOver ? StdioKind.HandedOver : StdioKind.Descriptor, lent.fd];
  }

  /** The addon has copies. */
  letGo(): void {
    for (const { fd, made } of this.#lent.values()) if (made) closeSync(fd);
  }

  settle(taken: boolean): void {
    for (const lent of this.#lent.values()) lent.settle(taken);
    this.#lent.clear();
  }
}
