/** Names who is left. The only way to a list of survivors, which is why no such list is empty. */
import type { Survivor, Survivors } from './termination.js';

/**
 * `unlisted` stands for somebody who is there and whom no listing shows: /proc hides other users'
 * processes (hidepid, proc(5)) or can't be read, or members fork and end faster than it is read.
 */
export function nameSurvivors(listed: readonly Survivor[], unlisted: () => Survivor): Survivors {
  const [first, ...others] = listed;
  return first === undefined ? [unlisted()] : [first, ...others];
}
