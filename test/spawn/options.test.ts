// Each option of spawn, as the program itself finds it.
import { chmodSync, readFileSync, realpathSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import { posix, run, spawn } from '../../src/index.js';
import { fixture } from '../support/fixture.js';
import { endWithTest, probe, readProbe, temporaryDirectory } from '../support/probe.js';
import { readStat } from '../support/proc.js';

const isRoot = process.getuid?.() === 0;

// Of capabilities(7); not every root has all of them.
function hasCapability(number: number): boolean {
  const effective = /^CapEff:\s*(\w+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))![1];
  return ((BigInt(`0x${effective}`) >> BigInt(number)) & 1n) === 1n;
}

describe('arguments', () => {
  test('are passed exactly', async () => {
    const args = [
      '',
      ' ',
      '-n',
      'a b',
      '"quoted"',
      "'",
      '\\',
      '$HOME',
      '*',
      '\n',
      'ünïcödé 🙂',
      '\u0001',
    ];
    expect((await probe({}, args)).argv).toEqual([fixture('probe'), ...args]);
  });

  test('argv0 is what the program sees as its name', async () => {
    expect((await probe({ argv0: 'another name' }, ['x'])).argv).toEqual(['another name', 'x']);
    expect((await probe({ argv0: '' })).argv).toEqual(['']);
  });
});

describe('cwd', () => {
  test('is ours by default', async () => {
    expect((await probe()).cwd).toBe(process.cwd());
  });

  test('is a path or a file URL', async () => {
    const directory = realpathSync(temporaryDirectory());
    expect((await probe({ cwd: directory })).cwd).toBe(directory);
    expect((await probe({ cwd: pathToFileURL(directory) })).cwd).toBe(directory);
  });

  test('may be relative to ours, and leaves ours alone', async () => {
    const before = process.cwd();
    expect((await probe({ cwd: 'test' })).cwd).toBe(`${before}/test`);
    expect(process.cwd()).toBe(before);
  });
});

describe('env', () => {
  test('is exactly what was given, in its order', async () => {
    const env = { Z: '1', A: '', 'odd name': 'a=b', ü: '🙂', multi: 'a\nb', _: 'x' };
    expect((await probe({ env })).env).toEqual(Object.entries(env).map(([k, v]) => `${k}=${v}`));
  });

  test('may be empty', async () => {
    expect((await probe({ env: {} })).env).toEqual([]);
  });

  test('leaves out what is undefined', async () => {
    expect((await probe({ env: { A: '1', B: undefined, C: '3' } })).env).toEqual(['A=1', 'C=3']);
  });

  test('has inherited properties, as with Node', async () => {
    const env = Object.assign(Object.create({ INHERITED: 'yes' }) as object, { OWN: 'yes' });
    expect((await probe({ env })).env).toEqual(['OWN=yes', 'INHERITED=yes']);
  });

  test('is ours by default, as it is at that moment', async () => {
    process.env['REAPWELL_TEST_VARIABLE'] = 'just now';
    try {
      const ours = Object.entries(process.env).map(([name, value]) => `${name}=${value}`);
      expect((await probe()).env).toEqual(ours);
    } finally {
      delete process.env['REAPWELL_TEST_VARIABLE'];
    }
  });
});

describe('what a child starts with by default', () => {
  test('our user, mask, priority and limits', async () => {
    const seen = await probe();
    const ours = readProbeOfOurs();
    for (const key of ['uid', 'gid', 'groups', 'umask', 'nice', 'limits', 'oomScoreAdj'] as const) {
      expect(seen[key], key).toEqual(ours[key]);
    }
    expect(seen).toMatchObject({ noNewPrivileges: ours.noNewPrivileges, ppid: process.pid });
  });

  // The raw call, told to change nothing: the same exec, but another path to it.
  function readProbeOfOurs() {
    const out = `${temporaryDirectory()}/out`;
    const options = { group: 'inherit', parentDeathSignal: null } as const;
    posix.waitpid(posix.posixSpawn(fixture('probe'), [`out=${out}`], options));
    return readProbe(out);
  }
});

describe.skipIf(!isRoot)('another user', () => {
  test('uid, gid and groups', async () => {
    const seen = await probe({ uid: 65534, gid: 65533, groups: [1, 100, 65532] });
    expect(seen).toMatchObject({ uid: 65534, euid: 65534, gid: 65533, egid: 65533 });
    expect([...seen.groups].sort((a, b) => a - b)).toEqual([1, 100, 65532]);
  });

  test('groups may be empty', async () => {
    expect((await probe({ uid: 65534, gid: 65534, groups: [] })).groups).toEqual([]);
  });

  test('the largest ids that there are', async () => {
    const largest = 0xffff_fffe;
    const seen = await probe({ uid: largest, gid: largest, groups: [largest] });
    expect(seen).toMatchObject({ uid: largest, gid: largest, groups: [largest] });
  });

  test('can’t get its old user back', async () => {
    const script = 'test "$(id -u)" = 65534 && ! chown 0 "$0" 2>/dev/null';
    const { status } = await run('/bin/sh', ['-c', script, temporaryDirectory()], {
      uid: 65534,
      gid: 65534,
      groups: [],
    });
    expect(status).toBe('completed');
  });

  test('does not take our own /proc files from us', async () => {
    // The child shares our memory until its exec; a change of user marks it as not to be dumped.
    await Promise.all(
      Array.from({ length: 20 }, () => probe({ uid: 65534, gid: 65534, groups: [] })),
    );
    const owner = (await run('/usr/bin/stat', ['-c', '%u', `/proc/${process.pid}/status`])).stdout;
    expect(owner).toBe('0\n');
  });
});

describe('resources', () => {
  test.each([0, 0o022, 0o077, 0o777])('umask %i', async (umask) => {
    const before = process.umask();
    expect((await probe({ umask })).umask).toBe(umask);
    expect(process.umask()).toBe(before);
  });

  test('nice', async () => {
    expect((await probe({ nice: 7 })).nice).toBe(7);
    expect((await probe({ nice: 19 })).nice).toBe(19);
    if (isRoot) expect((await probe({ nice: -3 })).nice).toBe(-3);
  });

  test('oomScoreAdj', async () => {
    const lower = hasCapability(24) ? [-1, -999, -1000] : [];
    for (const oomScoreAdj of [1000, 345, ...lower]) {
      expect((await probe({ oomScoreAdj })).oomScoreAdj).toBe(oomScoreAdj);
    }
  });

  test('noNewPrivileges', async () => {
    expect((await probe({ noNewPrivileges: true })).noNewPrivileges).toBe(true);
    expect((await probe({ noNewPrivileges: false })).noNewPrivileges).toBe(false);
  });

  test('limits: a number is both, a pair is soft and hard, Infinity is none', async () => {
    const { limits } = await probe({
      limits: { nofile: 100, core: [0, 1000], cpu: [50, 60], fsize: [2 ** 40, Infinity] },
    });
    expect(limits).toMatchObject({
      nofile: [100, 100],
      core: [0, 1000],
      cpu: [50, 60],
      fsize: [2 ** 40, null],
    });
  });

  test('every limit that there is', async () => {
    const values = {
      ...{ as: 2 ** 40, core: 1, cpu: 1000, data: 2 ** 40, fsize: 2 ** 20, locks: 1001 },
      ...{ memlock: 4096, msgqueue: 1002, nice: 0, nofile: 64, nproc: 5000, rss: 2 ** 30 },
      ...{ rtprio: 0, rttime: 2 ** 30, sigpending: 1003, stack: 2 ** 22 },
    };
    const { limits } = await probe({ limits: values });
    expect(limits).toEqual(
      Object.fromEntries(Object.entries(values).map(([name, value]) => [name, [value, value]])),
    );
  });

  test('ours stay as they are', async () => {
    const before = readStat(process.pid);
    const { limits } = await probe({ nice: 10 });
    expect((await probe()).limits).toEqual(limits);
    expect((await probe()).nice).toBe(0);
    expect(readStat(process.pid)).toMatchObject({ pgid: before!.pgid, sid: before!.sid });
  });
});

test('everything at once', async () => {
  const cwd = realpathSync(temporaryDirectory());
  const identity = isRoot ? { uid: 65534, gid: 65534, groups: [65534] } : {};
  chmodSync(cwd, 0o755);
  const seen = await probe(
    {
      ...identity,
      ...{ cwd, env: { ONE: '1' }, argv0: 'all', session: true, umask: 0o027, nice: 3 },
      ...{ oomScoreAdj: 500, noNewPrivileges: true, limits: { nofile: 50 } },
      parentDeathSignal: 'SIGHUP',
    },
    ['arg'],
  );
  expect(seen).toMatchObject({
    ...identity,
    ...{ cwd, env: ['ONE=1'], argv: ['all', 'arg'], umask: 0o027, nice: 3 },
    ...{ oomScoreAdj: 500, noNewPrivileges: true, parentDeathSignal: 1 },
  });
  expect(seen.limits['nofile']).toEqual([50, 50]);
  expect([seen.pgid, seen.sid]).toEqual([seen.pid, seen.pid]);
});

test('options given to one spawn do not stay for the next', async () => {
  const first = endWithTest(await spawn('/bin/sleep', ['60'], { stdio: 'ignore', nice: 5 }));
  const seen = await probe();
  first.kill('SIGKILL');
  expect(seen.nice).toBe(0);
});
