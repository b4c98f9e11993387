/** Kills at the end of this process what is not to outlive it. */

const pending = new Set<() => void>();
let hooked = false;

/** `kill` runs in process.on('exit'), where nothing asynchronous does. Returns how to call it off. */
export function endAtExit(kill: () => void): () => void {
  if (!hooked) {
    hooked = true;
    process.on('exit', () => {
      for (const each of pending) each();
    });
  }
  pending.add(kill);
  return () => pending.delete(kill);
}
