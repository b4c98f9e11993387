/** Bad arguments, in the classes and with the codes of Node's own. Thrown before anything starts. */
import { inspect } from 'node:util';

interface Coded {
  code: string;
}

function coded<E extends Error>(error: E, code: string): E & Coded {
  Object.defineProperty(error, 'code', { value: code, enumerable: true });
  return error as E & Coded;
}

/** As Node does it: `inspect`, but short, and running as little of the value's own code as it can. */
function show(value: unknown): string {
  let text: string;
  try {
    text = inspect(value, { depth: 0, customInspect: false, breakLength: Infinity });
  } catch {
    // It reads Symbol.toStringTag, whose getter may throw.
    text = typeof value;
  }
  return text.length > 64 ? `${text.slice(0, 61)}...` : text;
}

export function invalidType(name: string, expected: string, value: unknown): TypeError & Coded {
  return coded(
    new TypeError(`"${name}" must be ${expected}. Received ${show(value)}`),
    'ERR_INVALID_ARG_TYPE',
  );
}

export function invalidValue(name: string, problem: string, value: unknown): TypeError & Coded {
  return coded(
    new TypeError(`"${name}" ${problem}. Received ${show(value)}`),
    'ERR_INVALID_ARG_VALUE',
  );
}

export function outOfRange(name: string, range: string, value: unknown): RangeError & Coded {
  return coded(
    new RangeError(`"${name}" is out of range. It must be ${range}. Received ${show(value)}`),
    'ERR_OUT_OF_RANGE',
  );
}

export function unknownSignal(value: unknown): TypeError & Coded {
  return coded(new TypeError(`Unknown signal: ${show(value)}`), 'ERR_UNKNOWN_SIGNAL');
}

/** As Node's own, of what concerns the whole process. */
export function unsupportedInWorker(what: string): TypeError & { code: string } {
  const error = new TypeError(`${what} is not supported in workers`);
  return Object.assign(error, { code: 'ERR_WORKER_UNSUPPORTED_OPERATION' });
}
