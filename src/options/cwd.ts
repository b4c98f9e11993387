/** The working directory, as a path or a file: URL. */
import { types } from 'node:util';
import { fileURLToPath } from 'node:url';

import { invalidType, invalidValue } from '../errors/index.js';
import { checkText } from './validate.js';

export function planCwd(cwd: unknown): string | undefined {
  if (cwd === undefined) return undefined;
  // A proxy of one is none: a URL's fields are private.
  if (!types.isProxy(cwd) && cwd instanceof URL) return checkText('options.cwd', pathOf(cwd));
  if (typeof cwd !== 'string') throw invalidType('options.cwd', 'a string or a URL', cwd);
  const path = checkText('options.cwd', cwd);
  if (path === '') throw invalidValue('options.cwd', 'must not be empty', cwd);
  return path;
}

function pathOf(url: URL): string {
  try {
    return fileURLToPath(url);
  } catch (error) {
    // A scheme or host that is no file is a TypeError with a code already; a bad escape is not.
    if (!(error instanceof URIError)) throw error;
    throw invalidValue('options.cwd', 'must be a valid file: URL', url);
  }
}
