/** Has the children that are not to outlive this environment end with it. */
import { binding } from '../native/binding.js';

let hooked = false;

/**
 * In process.on('exit'), where nothing asynchronous happens any more. The addon does the same where
 * that is not emitted: in a worker that is terminated.
 */
export function endChildrenAtExit(): void {
  if (hooked) return;
  hooked = true;
  process.on('exit', () => binding.endChildren());
}
