/** The environment that a child gets: the caller's, exactly, and where it is needed a cookie. */
import { subscribe } from 'node:diagnostics_channel';
import { types } from 'node:util';
import { isMainThread } from 'node:worker_threads';

import { invalidType, invalidValue } from '../errors/index.js';
import { checkText, isObject } from '../options/validate.js';

// Reading every variable through process.env costs more than all the rest of a spawn on this thread; the
// addon reads environ(7) itself. Not in a worker, whose process.env is a copy, and not while a worker may
// write to ours (SHARE_ENV) in the middle of it.
let hasWorkers = !isMainThread;
subscribe('worker_threads', () => {
  hasWorkers = true;
});
let checked: object | undefined;
let isReal = false;

/** Whether process.env is the object through which Node shows environ(7); programs may replace it. */
function showsEnviron(env: object): boolean {
  if (hasWorkers) return false;
  if (env === checked) return isReal;
  checked = env;
  isReal = false;
  const probe = Symbol('reapwell');
  try {
    // Node's refuses names that are symbols, and is no proxy.
    if (!types.isProxy(env)) Reflect.set(env, probe, '');
    Reflect.deleteProperty(env, probe);
  } catch {
    isReal = true;
  }
  return isReal;
}

/** Entries of the form NAME=value; undefined: the environment of this process, as it is. */
export function planEnvironment(env: unknown): string[] | undefined {
  if (env === undefined && showsEnviron(process.env)) return undefined;
  return entriesOf(env);
}

/** As planEnvironment, but always as entries. */
export function entriesOf(env: unknown): string[] {
  if (env === undefined) return planVariables(process.env);
  if (!isObject(env)) throw invalidType('options.env', 'an object', env);
  return planVariables(env);
}

function planVariables(env: Record<string, unknown>): string[] {
  const entries: string[] = [];
  for (const key of Object.keys(env)) {
    const value = env[key];
    if (value === undefined) continue;
    checkText('options.env', key);
    if (key === '' || key.includes('=')) {
      throw invalidValue('options.env', 'must not have a name that is empty or contains "="', key);
    }
    entries.push(`${key}=${checkText(`options.env.${key}`, value)}`);
  }
  return entries;
}

/** The cookie goes behind those of supervisors that we are ourselves in the tree of. */
export function addCookie(entries: readonly string[], cookie: string): string[] {
  const name = 'REAPWELL_COOKIE=';
  const inherited = entries.find((entry) => entry.startsWith(name))?.slice(name.length);
  return [
    ...entries.filter((entry) => !entry.startsWith(name)),
    `${name}${inherited === undefined ? '' : `${inherited},`}${cookie}`,
  ];
}
