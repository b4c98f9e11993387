// For each option, what it may be and what it may not.
import { around, hostile, listOf, record, type Recipes } from './hostile.js';

const duration = around(1, 0, 100, Infinity);
const id = around(65534, 0);
const isRoot = process.getuid?.() === 0;

const step = record({
  eof: around(true),
  signal: around('SIGTERM', 'SIGKILL', 34),
  action: around(() => undefined),
  scope: around('leader', 'group', 'tree'),
  wait: duration,
});

export const escalation: Record<string, Recipes> = {
  eofWait: duration,
  grace: duration,
  killWait: duration,
  escalation: listOf(step),
};

/** What a child starts with. Standard input and outputs are ours as they are, so that nothing is left to read. */
export const attributes: Record<string, Recipes> = {
  cwd: around('/', new URL('file:///tmp'), '/no/such/directory'),
  env: record({ A: around('1', 2, null), PATH: around('/bin'), 'a=b': hostile, ['\0']: hostile }),
  argv0: around('name'),
  shebang: around('sh'),
  stdio: around('ignore', ['ignore', 'ignore', 'ignore'], ['ignore', 1, 2, null, 'ignore']),
  group: around('new', 'inherit'),
  session: around(true, false),
  parentDeathSignal: around('SIGTERM', null, 9),
  uid: isRoot ? id : hostile,
  gid: isRoot ? id : hostile,
  groups: around([], [65534]),
  umask: around(0o22, 0),
  nice: around(5, 0),
  oomScoreAdj: around(500, 0),
  noNewPrivileges: around(true),
  limits: record({
    nofile: around(64, [64, 64]),
    core: around(0, [0, Infinity]),
    cpu: around(Infinity),
    constructor: hostile,
  }),
};

export const spawnOptions: Record<string, Recipes> = {
  ...attributes,
  ...escalation,
  scope: around('leader', 'group', 'session', 'tree', ['cgroup', 'group'], []),
  cgroup: record({
    parent: around('/no/such/cgroup'),
    memoryMax: around(2 ** 30),
    pidsMax: around(10),
    cpuMax: around(0.5, 1),
  }),
  onExit: around('terminate', 'leave'),
  signal: around(new AbortController().signal, AbortSignal.abort()),
  timeout: around(1000, 0, Infinity),
  journal: hostile,
  id: around('job'),
  meta: around({ a: 1 }),
  bogus: hostile,
};

export const runOptions: Record<string, Recipes> = {
  ...spawnOptions,
  input: around('text', Buffer.from('bytes'), ['a', 'list']),
  encoding: around('utf8', 'buffer'),
  keep: around('head', 'tail', 'ends'),
  all: around(true, false),
  onOutput: around(() => undefined),
  onLine: around(() => undefined),
  maxBuffer: around(10, Infinity),
  stragglers: around('terminate', 'leave'),
  drainIdle: around(10),
  onProgress: around(() => undefined),
  progressInterval: around(1000),
};
