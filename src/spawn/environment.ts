/** The environment that a child gets: the caller's, exactly, and where it is needed a cookie. */
import { invalidType, invalidValue } from '../errors/index.js';
import { checkText, isObject } from '../options/validate.js';

/** As entries of the form NAME=value. */
export function planEnvironment(env: unknown): string[] {
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
