/** System errors, in the shape of Node's own: message 'kill ESRCH', code, errno, syscall. */
import { constants } from 'node:os';

// EWOULDBLOCK is EAGAIN, EOPNOTSUPP is ENOTSUP: the name that Node uses comes first and stays.
const NAMES = new Map<number, string>();
for (const [name, number] of Object.entries(constants.errno)) {
  if (!NAMES.has(number)) NAMES.set(number, name);
}

export interface SystemError extends Error {
  /** The errno's name, e.g. `'ESRCH'`. */
  code: string;
  /** The errno, negative. */
  errno: number;
  syscall: string;
  pid?: number;
  path?: string;
  spawnargs?: string[];
}

/** `errno` is negative, as the native layer returns it. */
export function systemError(
  errno: number,
  syscall: string,
  details: Partial<Pick<SystemError, 'pid' | 'path' | 'spawnargs'>> = {},
): SystemError {
  const code = NAMES.get(-errno) ?? `errno ${-errno}`;
  return Object.assign(new Error(`${syscall} ${code}`), { code, errno, syscall, ...details });
}

export function isErrno(errno: number, name: keyof typeof constants.errno): boolean {
  return -errno === constants.errno[name];
}
