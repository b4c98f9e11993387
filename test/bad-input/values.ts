// Wrong values, by what they are given for.

// null is first: here and there it means something.
const strange = [null, true, 1n, Symbol('strange'), {}, () => 'x', new Date(0), /x/];

export const notStrings: unknown[] = [
  ...strange,
  0,
  NaN,
  [],
  ['x'],
  new String('x'),
  Buffer.from('x'),
];
/** Strings that no C string can carry exactly: a NUL inside, half of a surrogate pair. */
export const badStrings = ['\0', 'a\0b', 'end\0', '\ud800', 'a\udfffb', '\udc00\ud800'];
export const badTexts: unknown[] = [...notStrings, ...badStrings];

export const notNumbers: unknown[] = [...strange, '', '1', 'x', [], [1], new Number(1)];
export const notIntegers = [NaN, Infinity, -Infinity, 0.5, 1e300, 2 ** 53];
export const badDurations: unknown[] = [...notNumbers, NaN, -1, -0.001, -Infinity];
export const notBooleans: unknown[] = [null, 0, 1, '', 'true', {}, [], 1n, new Boolean(true)];
export const notObjects: unknown[] = [null, true, 0, 1, '', 'x', 1n, Symbol('s'), () => ({}), []];
export const notArrays: unknown[] = [...strange, 0, '', 'x', { length: 1, 0: 'x' }, new Set(['x'])];

export const badSignals: unknown[] = [
  ...[true, 1n, Symbol('s'), {}, [], () => 'SIGTERM', ['SIGTERM'], new String('SIGTERM')],
  ...[0, -1, 65, 1.5, NaN, Infinity, 2 ** 31, 2 ** 32 + 15],
  ...['', 'SIG', 'SIGFOO', 'TERM', 'sigterm', 'SIGTERM\0', ' SIGTERM', '15', 'constructor'],
];

const badIds: unknown[] = [...notNumbers, ...notIntegers, -1, -2, 2 ** 32 - 1, 2 ** 32];

// [ , 1]: a hole is not a value, and must not become one.
const withHole = (...values: unknown[]): unknown[] =>
  Object.assign([] as unknown[], { 1: values[0] });

export const badSteps: unknown[] = [
  ...[...notObjects, {}, { wait: 1 }, { eof: true }, { signal: 'SIGTERM' }],
  ...[
    { eof: false, wait: 1 },
    { eof: 1, wait: 1 },
    { eof: true, signal: 'SIGTERM', wait: 1 },
  ],
  ...[
    { action: 'x', wait: 1 },
    { action: () => undefined, eof: true, wait: 1 },
  ],
  ...[null, ...badSignals].map((signal) => ({ signal, wait: 1 })),
  ...badDurations.map((wait) => ({ signal: 'SIGTERM', wait })),
  ...['GROUP', '', 'x', null, 1].map((scope) => ({
    signal: 'SIGTERM',
    wait: 1,
    scope,
  })),
  { signal: 'SIGTERM', wait: 1, bogus: 1 },
];

/** For each option of an escalation. */
export const badEscalation: Record<string, unknown[]> = {
  eofWait: badDurations,
  grace: badDurations,
  killWait: badDurations,
  escalation: [
    ...notArrays,
    [],
    ...badSteps.map((step) => [step]),
    ...badSteps.map((step) => [{ signal: 'SIGTERM', wait: 1 }, step]),
    withHole({ signal: 'SIGTERM', wait: 1 }),
  ],
};

/** For each option of what a child starts with. */
export const badAttributes: Record<string, unknown[]> = {
  cwd: [
    ...[...badTexts, ''],
    ...['http://host/', 'file:///a%00b', 'file:///a%2fb', 'file://host/a', 'file:///%ff'].map(
      (url) => new URL(url),
    ),
  ],
  env: [
    ...notObjects,
    // What else is no string is made one, as Node does.
    ...[...badStrings, Symbol('s'), Object.create(null) as object, () => Symbol('s')].map(
      (value) => ({
        GOOD: '1',
        BAD: typeof value === 'function' ? { toString: value } : value,
      }),
    ),
    ...[...badStrings, '', '=', 'a=b', '=a'].map((name) => ({ GOOD: '1', [name]: 'x' })),
  ],
  argv0: badTexts,
  shebang: [...notStrings, '', 'bash', 'SH', '/bin/sh', 'sh\0'],
  stdio: [
    ...[...strange.slice(1), 0, 1, NaN, '', 'pipes', 'ipc', 'PIPE', 'pipe\0'],
    ...[true, 1n, Symbol('s'), {}, [], () => 1, '', 'ipc', 'x', '1', -1, 0.5, NaN, Infinity].map(
      (entry) => ['ignore', 'ignore', entry],
    ),
    ...[2 ** 31, { fd: -1 }, { fd: '1' }, new URL('file:///')].map((entry) => [entry]),
    ['ignore', 'ignore', 'ignore', 'ignore', 'nonsense'],
  ],
  group: [
    ...strange,
    ...[[], '', 'x', 'leader', 'NEW', 'new\0', 0, -1, 1, 1.5, NaN, Infinity, 2 ** 31, 2 ** 32 + 5],
  ],
  session: notBooleans,
  parentDeathSignal: badSignals,
  uid: badIds,
  gid: badIds,
  groups: [...notArrays, ...badIds.map((id) => [1, id]), withHole(1)],
  umask: [...notNumbers, ...notIntegers, -1, 0o1000],
  nice: [...notNumbers, ...notIntegers, -21, 20],
  oomScoreAdj: [...notNumbers, ...notIntegers, -1001, 1001],
  noNewPrivileges: notBooleans,
  limits: [
    ...notObjects,
    ...[...notNumbers, NaN, -Infinity, -1, 1.5, 2 ** 53].map((nofile) => ({ nofile })),
    ...[[], [1], [1, 2, 3], [2, 1], [1, 'x'], [null, 1], [Infinity, 1], withHole(1)].map(
      (nofile) => ({ nofile }),
    ),
    ...[{ bogus: 1 }, { NOFILE: 1 }, { constructor: 1 }, { toString: 1 }, { RLIMIT_NOFILE: 1 }],
  ],
};

/** For each option of spawn. */
export const badOptions: Record<string, unknown[]> = {
  ...badAttributes,
  ...badEscalation,
  scope: [...notStrings, '', 'x', 'GROUP', 'group\0'],
  signal: [
    ...strange,
    0,
    '',
    'SIGTERM',
    [],
    new AbortController(),
    { aborted: false },
    new EventTarget(),
  ],
  timeout: badDurations,
};

/** For each option that run has besides. */
export const badRunOptions: Record<string, unknown[]> = {
  ...badOptions,
  input: [null, true, 1, 1n, Symbol('s'), {}, () => 'x', new Date(0), Promise.resolve('x')],
  encoding: [...notStrings, '', 'utf-16', 'latin1', 'BUFFER'],
  maxBuffer: [...notNumbers, NaN, -1, 0.5, -Infinity],
  keep: [...notStrings, '', 'middle', 'HEAD'],
  all: notBooleans,
  onOutput: [null, true, 1, '', 'x', {}, []],
  onLine: [null, true, 1, '', 'x', {}, []],
  stragglers: [...notStrings, '', 'kill', 'Leave'],
  drainIdle: badDurations,
  onProgress: [null, true, 1, '', 'x', {}, []],
  progressInterval: [...badDurations, 0],
};

/** Option names that mean something elsewhere, or nothing. */
export const unknownOptions = [
  'bogus',
  'shell',
  'detached',
  'Cwd',
  'windowsHide',
  'killSignal',
  '',
];

/** Lists of arguments. */
export const badArguments: unknown[] = [
  ...notArrays.filter((value) => value !== undefined),
  ...badTexts.map((value) => ['good', value]),
  [undefined],
  withHole('x'),
];

/** Programs to start. */
export const badFiles: unknown[] = [...badTexts, undefined, ''];

/** Objects that throw when they are looked at: one for each property, and one for everything. */
export function throwing(error: Error, keys: string[]): object[] {
  const fail = (): never => {
    throw error;
  };
  const traps = { get: fail, has: fail, ownKeys: fail, getOwnPropertyDescriptor: fail };
  return [
    ...keys.map((key) => Object.defineProperty({}, key, { get: fail, enumerable: true })),
    new Proxy({}, traps),
    new Proxy({}, { ownKeys: fail }),
  ];
}

/** Proxies that can't be looked at any more: of an object, a list, a function and a URL. */
export function revokedProxies(): unknown[] {
  return [{}, [], () => undefined, new URL('file:///')].map((target) => {
    const { proxy, revoke } = Proxy.revocable<object>(target, {});
    revoke();
    return proxy;
  });
}
