/** The environment cookie that finds who escaped from group and session. */
import { monotonicNs } from './clock.js';
import { binding } from './native/binding.js';

let made = 0;

/** Unlike any other of this process (workers included) and of every other process. */
export function makeCookie(): string {
  made++;
  return `${binding.cookiePrefix()}-${monotonicNs().toString(36)}-${made}`;
}
