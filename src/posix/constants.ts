/** Options and id types of waitpid(2) and waitid(2), as Linux numbers them. */

/** Return at once if nothing has happened yet. */
export const WNOHANG = 1;
/** Also children that were stopped (waitpid). */
export const WUNTRACED = 2;
/** Also children that were stopped (waitid). */
export const WSTOPPED = 2;
/** Children that have ended (waitid). */
export const WEXITED = 4;
/** Also children that were continued. */
export const WCONTINUED = 8;
/** Leave the child in a waitable state: only look (waitid). */
export const WNOWAIT = 0x0100_0000;

export const P_ALL = 0;
export const P_PID = 1;
export const P_PGID = 2;
/** Linux 5.4. */
export const P_PIDFD = 3;
