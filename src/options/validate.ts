/** Checks of single values. Each returns the value narrowed, or throws as Node would. */
import { types } from 'node:util';

import { invalidType, invalidValue, outOfRange } from '../errors/index.js';

/** A proxy that can't be looked at any more: whatever is asked of it throws. */
function isRevoked(value: unknown): boolean {
  if (!types.isProxy(value)) return false;
  try {
    Array.isArray(value);
    return false;
  } catch {
    return true;
  }
}

/** Array.isArray, but false for a revoked proxy. Arrays of other realms are arrays too. */
export function isArray(value: unknown): value is readonly unknown[] {
  return !isRevoked(value) && Array.isArray(value);
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !isRevoked(value) && !Array.isArray(value);
}

/**
 * What to throw after `value` could not be read: the caller's own error, as it is; but the engine's, for
 * a proxy that has been revoked meanwhile, has no code.
 */
export function unreadable(name: string, value: unknown, error: unknown): unknown {
  const isEngines = error instanceof TypeError && !('code' in error);
  return isEngines && isRevoked(value) ? invalidType(name, 'readable', value) : error;
}

const LONGEST_TEXT = 2 ** 28;
const LONGEST_LIST = 2 ** 24;

/** A string that can be handed to the kernel exactly: no NUL, no half of a surrogate pair. */
export function checkText(name: string, value: unknown): string {
  if (typeof value !== 'string') throw invalidType(name, 'a string', value);
  // Far more than any kernel takes, and room for what is said around it.
  if (value.length > LONGEST_TEXT) {
    throw invalidValue(name, `must not be longer than ${LONGEST_TEXT} characters`, value);
  }
  if (value.includes('\0')) throw invalidValue(name, 'must not contain NUL bytes', value);
  // A lone surrogate has no UTF-8 form: it would silently arrive as U+FFFD.
  if (!isWellFormed(value)) throw invalidValue(name, 'must be well-formed Unicode', value);
  return value;
}

// String.prototype.isWellFormed is in every supported Node, but not in TypeScript's ES2023 library.
function isWellFormed(value: string): boolean {
  return (value as string & { isWellFormed(): boolean }).isWellFormed();
}

export function checkBoolean(name: string, value: unknown): boolean {
  if (typeof value !== 'boolean') throw invalidType(name, 'a boolean', value);
  return value;
}

export function checkFunction<F>(name: string, value: unknown): F {
  if (typeof value !== 'function' || isRevoked(value)) {
    throw invalidType(name, 'a function', value);
  }
  return value as F;
}

export function checkInteger(name: string, value: unknown, min: number, max: number): number {
  if (typeof value !== 'number') throw invalidType(name, 'a number', value);
  if (!Number.isInteger(value) || value < min || value > max) {
    throw outOfRange(name, `an integer >= ${min} and <= ${max}`, value);
  }
  return value;
}

/** Milliseconds, 0 or more; Infinity means no limit. */
export function checkDuration(name: string, value: unknown): number {
  if (typeof value !== 'number') throw invalidType(name, 'a number of milliseconds', value);
  if (!(value >= 0)) throw outOfRange(name, '>= 0 (milliseconds)', value);
  return value;
}

export function checkOneOf<T extends string>(
  name: string,
  value: unknown,
  allowed: readonly T[],
): T {
  if (typeof value !== 'string') throw invalidType(name, 'a string', value);
  const found = allowed.find((item) => item === value);
  if (found === undefined) {
    throw invalidValue(
      name,
      `must be one of ${allowed.map((item) => `'${item}'`).join(', ')}`,
      value,
    );
  }
  return found;
}

export function checkAbortSignal(name: string, value: unknown): AbortSignal {
  if (!isObject(value) || !isAbortSignal(name, value)) {
    throw invalidType(name, 'an AbortSignal', value);
  }
  return value;
}

// By what is used of it: there are others than Node's own.
function isAbortSignal(
  name: string,
  value: Record<string, unknown>,
): value is Record<string, unknown> & AbortSignal {
  try {
    if (Object.getPrototypeOf(value) === AbortSignal.prototype && !types.isProxy(value))
      return true;
    const { aborted, addEventListener, removeEventListener } = value;
    if (typeof aborted !== 'boolean' || typeof addEventListener !== 'function') return false;
    if (typeof removeEventListener !== 'function') return false;
    // Tried now: what it throws must not come when the child is there.
    addEventListener.call(value, 'abort', ignore);
    removeEventListener.call(value, 'abort', ignore);
    return true;
  } catch (error) {
    throw unreadable(name, value, error);
  }
}

function ignore(): void {}

/** Each element read once and checked, holes (which arrive as undefined) included. */
export function checkList<T>(
  name: string,
  value: unknown,
  what: string,
  check: (name: string, element: unknown) => T,
  most = LONGEST_LIST,
): T[] {
  if (!isArray(value)) throw invalidType(name, `an array of ${what}`, value);
  const checked: T[] = [];
  try {
    const { length } = value;
    if (!(length <= most)) throw outOfRange(`${name}.length`, `<= ${most}`, length);
    for (let index = 0; index < length; index++) {
      checked.push(check(`${name}[${index}]`, value[index]));
    }
  } catch (error) {
    throw unreadable(name, value, error);
  }
  return checked;
}

/**
 * An options object, or none, read once: what its getters or its owner change later changes nothing. A
 * name that nobody reads is an error: no option is ignored.
 */
export function checkOptions(
  value: unknown,
  known: ReadonlySet<string>,
  name = 'options',
): Record<string, unknown> {
  if (value === undefined) return NO_OPTIONS;
  if (!isObject(value)) throw invalidType(name, 'an object', value);
  try {
    return readOptions(value, known, name);
  } catch (error) {
    throw unreadable(name, value, error);
  }
}

// Without a prototype: what somebody has added to Object's is nobody's choice.
const emptyOptions = (): Record<string, unknown> => Object.create(null) as Record<string, unknown>;
const NO_OPTIONS = Object.freeze(emptyOptions());

function readOptions(
  value: Record<string, unknown>,
  known: ReadonlySet<string>,
  name: string,
): Record<string, unknown> {
  const read = emptyOptions();
  for (const key of Object.keys(value)) {
    if (!known.has(key)) throw invalidValue(`${name}.${key}`, 'is not an option', value[key]);
    read[key] = value[key];
  }
  if (isPlain(value)) return read;
  // An instance of a class has options of its prototype's too.
  for (const key of known) if (!(key in read)) read[key] = value[key];
  return read;
}

/** Has nothing but its own enumerable properties. */
function isPlain(value: object): boolean {
  if (types.isProxy(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return false;
  return Object.getOwnPropertyNames(value).length === Object.keys(value).length;
}
