/** The environment that a child gets: the caller's, exactly, and where it is needed a cookie. */
import { subscribe } from 'node:diagnostics_channel';
import { types } from 'node:util';
import { isMainThread } from 'node:worker_threads';

import { invalidType, invalidValue } from '../errors/index.js';
import { binding } from '../native/binding.js';
import { checkText, isObject, unreadable } from '../options/validate.js';
import { asBytes, hiddenEntries, isLossy } from './original-environment.js';

/** Entries of the form NAME=value. */
export interface Variables {
  readonly entries: readonly string[];
  /** The characters of the entries are bytes, as the kernel has them; else they are text. */
  readonly areBytes: boolean;
}

// Reading every variable through process.env costs more than all the rest of a spawn on this thread; the
// addon reads environ(7) itself. Not in a worker, whose process.env is a copy, and not while a worker may
// write to ours (SHARE_ENV) in the middle of it.
let hasWorkers = !isMainThread;
subscribe('worker_threads', () => {
  hasWorkers = true;
});
let checked: object | undefined;
let isReal = false;

/** Whether this is the object through which Node shows environ(7); programs may replace process.env. */
function showsEnviron(env: object): boolean {
  if (!isMainThread) return false;
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

/** undefined: the environment of this process, as it is when the addon reads it. */
export function planEnvironment(option: unknown): Variables | undefined {
  const env = option === undefined ? process.env : option;
  // Before anything else is asked of it: a proxy may be revoked.
  const isOurs = env === process.env && showsEnviron(process.env);
  if (isOurs && !hasWorkers) return undefined;
  if (!isObject(env)) throw invalidType('options.env', 'an object', env);
  // What we have ourselves is not the caller's mistake.
  const entries = readEntries(env, option === undefined ? () => undefined : checkName);
  const hidden = isOurs ? hiddenEntries() : [];
  if (hidden.length === 0 && !entries.some(isLossy)) return { entries, areBytes: false };
  return { entries: [...entries.map(asBytes), ...hidden], areBytes: true };
}

/** For planEnvironment's undefined, where it is needed before the addon would read it. */
export function captureEnvironment(): Variables {
  const block = binding.ownEnvironment().toString('latin1');
  return { entries: block.split('\0').slice(0, -1), areBytes: true };
}

// As Node does it: what is inherited counts, and what is no string is made one.
function readEntries(env: Record<string, unknown>, check: (name: string) => void): string[] {
  const entries: string[] = [];
  try {
    for (const name in env) {
      const value = env[name];
      if (value === undefined) continue;
      check(name);
      entries.push(`${name}=${checkText(`options.env.${name}`, textOf(name, value))}`);
    }
  } catch (error) {
    throw unreadable('options.env', env, error);
  }
  return entries;
}

function checkName(name: string): void {
  checkText('options.env', name);
  if (name !== '' && !name.includes('=')) return;
  throw invalidValue('options.env', 'must not have a name that is empty or contains "="', name);
}

/** What `${value}` is; a TypeError with a code where it can be nothing. */
function textOf(name: string, value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'symbol') throw invalidType(`options.env.${name}`, 'a string', value);
  try {
    return String(value);
  } catch (error) {
    if (!isEngines(error)) throw error;
    const refusal = invalidType(`options.env.${name}`, 'a string', value);
    refusal.cause = error;
    throw refusal;
  }
}

/** Without a code: there is no conversion, or not to a string, or to one that is too long. */
function isEngines(error: unknown): boolean {
  if (!types.isNativeError(error) || 'code' in error) return false;
  return error.name === 'TypeError' || error.name === 'RangeError';
}

/** The cookie goes behind those of supervisors that we are ourselves in the tree of. */
export function addCookie({ entries, areBytes }: Variables, cookie: string): Variables {
  const name = 'REAPWELL_COOKIE=';
  const inherited = entries.find((entry) => entry.startsWith(name))?.slice(name.length);
  const own = `${name}${inherited === undefined ? '' : `${inherited},`}${cookie}`;
  return { entries: [...entries.filter((entry) => !entry.startsWith(name)), own], areBytes };
}
