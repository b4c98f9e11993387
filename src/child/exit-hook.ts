/** Kills at the end of this process what is not to outlive it. */
import { Slots } from '../native/slots.js';

const pending = new Slots<() => void>();
let hooked = false;

/** `kill` runs in process.on('exit'), where nothing asynchronous does. Returns how to call it off. */
export function endAtExit(kill: () => void): () => void {
  if (!hooked) {
    hooked = true;
    process.on('exit', () => {
      pending.forEach((each) => each());
    });
  }
  const number = pending.add(kill);
  return () => pending.remove(number);
}
