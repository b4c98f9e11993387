/** An event emitter that the native side learns of when somebody listens for stops. */
import { EventEmitter } from 'node:events';

import { queueMicrotask } from '../clock.js';
import { binding } from '../native/binding.js';
import type { ChildEvents } from './setup.js';

// Without the claim on SIGCHLD, stops are looked for only while somebody wants to know.
const listenerAdded = (name: string | symbol): void => countStopListener(name, 1);
const listenerRemoved = (name: string | symbol): void => countStopListener(name, -1);
function countStopListener(name: string | symbol, by: number): void {
  if (name === 'stop' || name === 'continue') binding.adjustStopListeners(by);
}

export class ProcessEmitter extends EventEmitter<ChildEvents> {
  constructor() {
    super();
    this.on('newListener' as never, listenerAdded as never);
    this.on('removeListener' as never, listenerRemoved as never);
  }

  // A listener that throws is the program's uncaught exception, but must not keep the other children
  // of the same wake-up from being told.
  protected tell<Name extends keyof ChildEvents>(name: Name, ...args: ChildEvents[Name]): void {
    try {
      (this as EventEmitter).emit(name, ...args);
    } catch (error) {
      queueMicrotask(() => {
        throw error;
      });
    }
  }
}
