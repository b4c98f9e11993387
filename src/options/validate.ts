/** Checks of single values. Each returns the value narrowed, or throws as Node would. */
import { invalidType, invalidValue, outOfRange } from '../errors/index.js';

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A string that can be handed to the kernel exactly: no NUL, no half of a surrogate pair. */
export function checkText(name: string, value: unknown): string {
  if (typeof value !== 'string') throw invalidType(name, 'a string', value);
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
  if (typeof value !== 'function') throw invalidType(name, 'a function', value);
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
  const signal = value as Partial<AbortSignal> | null;
  if (
    typeof signal !== 'object' ||
    signal === null ||
    typeof signal.aborted !== 'boolean' ||
    typeof signal.addEventListener !== 'function'
  ) {
    throw invalidType(name, 'an AbortSignal', value);
  }
  return value as AbortSignal;
}

/** Each element checked, holes (which arrive as undefined) included. */
export function checkList<T>(
  name: string,
  value: unknown,
  what: string,
  check: (name: string, element: unknown) => T,
): T[] {
  if (!Array.isArray(value)) throw invalidType(name, `an array of ${what}`, value);
  const checked: T[] = [];
  for (let index = 0; index < value.length; index++) {
    checked.push(check(`${name}[${index}]`, value[index]));
  }
  return checked;
}

/** An options object, or none. A name that nobody reads is an error: no option is ignored. */
export function checkOptions(
  value: unknown,
  known: ReadonlySet<string>,
  name = 'options',
): Record<string, unknown> {
  if (value === undefined) return {};
  if (!isObject(value)) throw invalidType(name, 'an object', value);
  for (const key of Object.keys(value)) {
    if (!known.has(key)) throw invalidValue(`${name}.${key}`, 'is not an option', value[key]);
  }
  return value;
}
