/** Resource limits of the child; see getrlimit(2). */
import { invalidType, invalidValue, outOfRange } from '../errors/index.js';
import { checkList, isArray, isObject, unreadable } from './validate.js';

// RLIMIT_ values of Linux on x86-64 and arm64.
const RESOURCES = {
  cpu: 0,
  fsize: 1,
  data: 2,
  stack: 3,
  core: 4,
  rss: 5,
  nproc: 6,
  nofile: 7,
  memlock: 8,
  as: 9,
  locks: 10,
  sigpending: 11,
  msgqueue: 12,
  nice: 13,
  rtprio: 14,
  rttime: 15,
} as const;

export type LimitName = keyof typeof RESOURCES;

/** `Infinity` means no limit. One number sets both, a pair sets soft and hard. */
export type Limits = { readonly [name in LimitName]?: number | readonly [number, number] };

/** resource, soft, hard; Infinity is RLIM_INFINITY. */
export type LimitPlan = readonly [number, number, number];

function checkLimit(name: string, value: unknown): number {
  if (typeof value !== 'number') throw invalidType(name, 'a number', value);
  if (value === Infinity) return value;
  if (!Number.isSafeInteger(value) || value < 0) {
    throw outOfRange(name, 'an integer >= 0, or Infinity', value);
  }
  return value;
}

export function planLimits(option: unknown): LimitPlan[] {
  if (option === undefined) return [];
  if (!isObject(option)) throw invalidType('options.limits', 'an object', option);
  try {
    return Object.keys(option).map((key) => planLimit(key, option[key]));
  } catch (error) {
    throw unreadable('options.limits', option, error);
  }
}

function planLimit(key: string, value: unknown): LimitPlan {
  const name = `options.limits.${key}`;
  if (!Object.hasOwn(RESOURCES, key)) {
    throw invalidValue(name, `is not a limit; there are ${Object.keys(RESOURCES).join(', ')}`, key);
  }
  const pair = isArray(value)
    ? checkList(name, value, 'numbers', checkLimit)
    : [checkLimit(name, value)];
  const [soft, hard = soft] = pair;
  if (soft === undefined || hard === undefined || pair.length !== (isArray(value) ? 2 : 1)) {
    throw invalidValue(name, 'must be a number or [soft, hard]', value);
  }
  if (soft > hard) throw outOfRange(name, 'a soft limit no higher than the hard one', value);
  return [RESOURCES[key as LimitName], soft, hard];
}
