// Values that no caller passes on purpose, and how they come: through getters that throw or change
// their minds, proxies, other realms. They are made when they are used, each time anew: fast-check looks
// at what it generates, and some of them can be looked at only once.
import fc from 'fast-check';
import { runInNewContext } from 'node:vm';

/** What a hostile value throws by itself: it must come through as it is. */
export class OwnError extends Error {
  override name = 'OwnError';
}

function fail(): never {
  throw new OwnError('of the value itself');
}

function revoked(target: object): unknown {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
}

/** Revoked as soon as anybody has read anything of it. */
function revokesItself(target: object): unknown {
  const { proxy, revoke } = Proxy.revocable(target, {
    get: (of, key) => {
      revoke();
      return Reflect.get(of, key) as unknown;
    },
  });
  return proxy;
}

const throwing = (): ProxyHandler<object> => ({
  get: fail,
  has: fail,
  ownKeys: fail,
  getOwnPropertyDescriptor: fail,
  getPrototypeOf: fail,
});

const makers: (() => unknown)[] = [
  ...[{}, [], () => undefined, class {}].map((target) => () => revoked(target)),
  ...[{}, [1], ['x'], { wait: 1 }].map((target) => () => revokesItself(target)),
  () => new Proxy({}, throwing()),
  () => new Proxy([], throwing()),
  () => new Proxy(() => undefined, { apply: fail, get: fail }),
  () => new Proxy([], { get: (_, key) => (key === 'length' ? 2 ** 53 : 'x') }),
  () => new Proxy([], { get: (_, key) => (key === 'length' ? NaN : 'x') }),
  () => new Proxy({}, { has: () => true, get: () => undefined }),
  () =>
    new Proxy(
      {},
      { ownKeys: () => ['a', 'length', '0'], getOwnPropertyDescriptor: () => undefined },
    ),
  () => new Proxy(new AbortController().signal, {}),
  () => new Proxy(new URL('file:///tmp'), {}),
  () => revokesItself(new URL('file:///tmp')),
  () => Object.defineProperty({}, Symbol.toStringTag, { get: fail }),
  () => Object.defineProperty({}, 'constructor', { get: fail }),
  () => ({ [Symbol.toPrimitive]: fail }),
  () => ({ toString: fail, valueOf: fail }),
  () => Object.create(null) as unknown,
  () => Object.defineProperty(['x'], 0, { get: fail }),
  () => Object.assign([], { 3: 'x' }),
  () => new Array<unknown>(2 ** 32 - 1),
  () => new Array<unknown>(70_000).fill('x'),
  () => runInNewContext('["x"]') as unknown,
  () => runInNewContext('[1, 2]') as unknown,
  () => runInNewContext('({ a: 1 })') as unknown,
  () => runInNewContext('new Uint8Array(3)') as unknown,
  () => runInNewContext('(() => 1)') as unknown,
  () => runInNewContext('new Error("other realm")') as unknown,
  () => new (class extends Array<unknown> {})(),
  () => Symbol('symbol'),
  () => Symbol.iterator,
  () => Buffer.from('x'),
  () => new SharedArrayBuffer(1),
  () => new AbortController(),
  () => ({ aborted: false, addEventListener: fail, removeEventListener: fail }),
  () => ({ aborted: false, addEventListener: () => undefined }),
  () => Object.freeze({ fd: -1 }),
  () => ({ fd: 2 ** 40 }),
  () => Promise.resolve('x'),
  () => new WeakMap(),
  () => globalThis,
  () => process,
];

const scalars: unknown[] = [
  ...[-0, 0, 1, -1, 0.5, NaN, Infinity, -Infinity, 1e300, 5e-324],
  ...[2 ** 31, 2 ** 31 - 1, -(2 ** 31) - 1, 2 ** 32, 2 ** 32 - 1, 2 ** 53, 2 ** 53 - 1, 2 ** 63],
  ...[0n, -1n, 2n ** 64n, true, false, null, undefined],
  ...[
    '',
    '\0',
    'a\0b',
    '\ud800',
    '\udfffx',
    '\ufffd',
    '\u2028',
    '../..',
    '-x',
    '__proto__',
    'x'.repeat(5000),
  ],
];

/** How to make a value, and what to call it where it is reported. */
export class Recipe {
  constructor(
    readonly label: string,
    readonly make: () => unknown,
  ) {}

  [fc.toStringMethod](): string {
    return this.label;
  }
}

export type Recipes = fc.Arbitrary<Recipe>;

const exactly = (value: unknown): Recipe => new Recipe(fc.stringify(value), () => value);

const anything = fc.anything({
  maxDepth: 2,
  withBigInt: true,
  withBoxedValues: true,
  withDate: true,
  withMap: true,
  withNullPrototype: true,
  withObjectString: true,
  withSet: true,
  withSparseArray: true,
  withTypedArray: true,
});

export const hostile: Recipes = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...scalars).map(exactly) },
  {
    weight: 3,
    arbitrary: fc.constantFrom(...makers).map((make) => new Recipe(make.toString(), make)),
  },
  { weight: 1, arbitrary: anything.map(exactly) },
);

const list = (of: Recipes): Recipes =>
  fc
    .array(of, { maxLength: 4 })
    .map(
      (recipes) =>
        new Recipe(`[${recipes.map(({ label }) => label).join(', ')}]`, () =>
          recipes.map(({ make }) => make()),
        ),
    );

/** One of these, or nearly, or something else altogether. */
export function around(...good: unknown[]): Recipes {
  const fine = fc.constantFrom(...good).map(exactly);
  return fc.oneof(
    { weight: 2, arbitrary: fine },
    { weight: 3, arbitrary: hostile },
    { weight: 1, arbitrary: list(fc.oneof(fine, hostile)) },
  );
}

/** A list of these, or something else. */
export const listOf = (each: Recipes): Recipes =>
  fc.oneof({ weight: 3, arbitrary: list(each) }, { weight: 1, arbitrary: hostile });

type Values = Record<string, unknown>;

/** In which an object of options can come, the values being the same. */
const guises: ((values: Values) => unknown)[] = [
  (values) => values,
  (values) => Object.freeze({ ...values }),
  (values) => Object.assign(Object.create(null) as object, values),
  (values) => Object.create(values) as unknown,
  (values) => new Proxy(values, {}),
  (values) => Object.assign(runInNewContext('({})') as object, values),
  (values) => changing(values, () => undefined),
  (values) => changing(values, () => Symbol('changed')),
  (values) => changing(values, fail),
  (values) =>
    Object.defineProperties(
      {},
      Object.fromEntries(
        Object.keys(values).map((key) => [key, { get: () => values[key], enumerable: true }]),
      ),
    ),
  revoked,
  revokesItself,
];

/** Tells each value once; asked again, it has changed its mind. */
function changing(values: Values, later: (key: string) => unknown): object {
  const told = new Set<PropertyKey>();
  return new Proxy(values, {
    get: (of, key) => {
      if (typeof key === 'symbol' || !told.has(key)) {
        told.add(key);
        return Reflect.get(of, key) as unknown;
      }
      return later(key);
    },
  });
}

/** Some of these keys, each with a value of its own kind, in one guise or another. */
export function record(kinds: Record<string, Recipes>): Recipes {
  const entries = fc
    .subarray(Object.entries(kinds), { maxLength: Math.min(3, Object.keys(kinds).length) })
    .chain((some) =>
      fc.tuple(...some.map(([key, kind]) => kind.map((recipe) => [key, recipe] as const))),
    );
  const objects = fc.tuple(entries, fc.nat(guises.length - 1)).map(([some, index]) => {
    const label = some.map(([key, each]) => `${key}: ${each.label}`).join(', ');
    return new Recipe(`{ ${label} } in guise ${index}`, () => {
      const values = some.map(([key, { make }]): [string, unknown] => [key, make()]);
      return guises[index]?.(Object.fromEntries(values));
    });
  });
  return fc.oneof({ weight: 9, arbitrary: objects }, { weight: 1, arbitrary: hostile });
}
