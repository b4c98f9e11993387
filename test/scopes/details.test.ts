// What the scopes beyond the group say, take, keep and refuse.
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, onTestFinished, test } from 'vitest';
import { capabilities, run, spawn, type Child, type Scope } from '../../src/index.js';
import { probe } from '../support/probe.js';
import { startProgram } from '../support/program.js';
import { isAlive, readStat, type Stat } from '../support/proc.js';
import { waitFor } from '../support/wait-for.js';
import { isSettled, startCat } from '../children.js';
import { makeMark, marked, startMarked } from './marked.js';

const { cgroup } = capabilities();
const noCgroup = { cgroup: { parent: '/nonexistent' } };
const wide: Scope[] = ['session', 'tree', ...(cgroup.writable ? (['cgroup'] as const) : [])];
const everyScope: Scope[] = ['leader', 'group', ...wide];

/** A leader that has gone, and a member that stays. */
async function startOrphan(scope: Scope) {
  const job = await startMarked('/bin/sh', ['-c', 'sleep 60 >/dev/null & exit 3'], scope);
  await job.child.exited;
  await waitFor(() => job.live().some(({ command }) => command === 'sleep'));
  return { ...job, member: job.live()[0]!.pid };
}

describe('where no cgroup can be made', () => {
  test('the first scope that can be had is taken, and child.scope says which', async () => {
    const child = await startCat({ scope: ['cgroup', 'tree', 'group'], ...noCgroup });
    expect(child.scope).toBe('tree');
  });

  test('and nothing else is named, the spawn fails with the cause', async () => {
    const mark = makeMark();
    const [name, value] = mark.split('=') as [string, string];
    const attempt = spawn('/bin/cat', [], {
      scope: 'cgroup',
      ...noCgroup,
      env: { ...process.env, [name]: value },
    });
    await expect(attempt).rejects.toMatchObject({
      name: 'ScopeUnavailableError',
      code: 'ERR_REAPWELL_SCOPE_UNAVAILABLE',
      cause: expect.objectContaining({ code: 'ENOENT' }) as unknown,
    });
    expect(marked(mark)).toEqual([]);
  });
});

describe.skipIf(!cgroup.writable)('the cgroup (skipped where none is writable)', () => {
  const folderOf = (pid: number) =>
    `${cgroup.path!.replace(/\/$/, '')}${/^0::(.*)$/m.exec(readFileSync(`/proc/${pid}/cgroup`, 'utf8'))![1]!}`;

  test('is one of its own, and is removed when it is empty', async () => {
    const child = await startCat({ scope: 'cgroup' });
    const folder = folderOf(child.pid);
    expect(child.scope).toBe('cgroup');
    expect(folder).not.toBe(folderOf(process.pid));
    expect(existsSync(folder)).toBe(true);
    await child.terminate();
    await waitFor(() => !existsSync(folder), { what: `the removal of ${folder}` });
  });

  // Its name has the pid in it, and both of these are process 1.
  test.skipIf(process.getuid?.() !== 0)(
    'is one of its own also if another pid namespace makes them in the same folder (needs root)',
    async () => {
      const source = `
        import { spawn } from 'reapwell';
        const child = await spawn('/bin/cat', [], { stdio: ['pipe', 'ignore', 'ignore'], scope: 'cgroup' });
        console.log('pid ' + process.pid + ' scope ' + child.scope);
        process.stdin.resume().on('end', () => child.terminate());
      `;
      const under = ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child'];
      const start = () => startProgram(source, { under, stdio: ['pipe', 'pipe', 'pipe'] });
      const programs = [start(), start()];
      const said = await Promise.all(programs.map((program) => program.line(/^pid/)));
      expect(said).toEqual(['pid 1 scope cgroup', 'pid 1 scope cgroup']);
      for (const { child } of programs) child.stdin!.end();
      expect(
        (await Promise.all(programs.map(({ ended }) => ended))).map(({ code }) => code),
      ).toEqual([0, 0]);
    },
  );

  test('is not removed while a member lives', async () => {
    const { child, member } = await startOrphan('cgroup');
    const folder = folderOf(member);
    expect(existsSync(folder)).toBe(true);
    expect(await isSettled(child.empty)).toBe(false);
    await child.terminate({ grace: 5000 });
    await waitFor(() => !existsSync(folder), { what: `the removal of ${folder}` });
  });
});

describe.each(everyScope)("with scope '%s'", (scope) => {
  test('members() lists who is alive in it', async () => {
    const { child, live } = await startMarked('/bin/sh', ['-c', 'sleep 60 & wait'], scope);
    await waitFor(() => live().some(({ command }) => command === 'sleep'));
    const expected = scope === 'leader' ? [child.pid] : live().map(({ pid }) => pid);
    const listed = child.members();
    expect(listed.map(({ pid }) => pid).sort()).toEqual(expected.sort());
    expect(listed.find(({ pid }) => pid === child.pid)).toMatchObject({
      ppid: process.pid,
      pgid: child.pgid,
      identity: { ...child.identity, inode: 0 },
    });
    child.kill('SIGKILL', scope);
    await child.empty;
    expect(child.members()).toEqual([]);
    // Nothing is left to signal.
    expect(child.kill('SIGKILL', scope)).toBe(false);
  });

  test('kill() of another wide scope is refused', async () => {
    const child = await startCat({ scope });
    for (const other of (['session', 'tree', 'cgroup'] as const).filter((each) => each !== scope)) {
      expect(() => child.kill('SIGKILL', other)).toThrow(
        expect.objectContaining({ name: 'TypeError', code: 'ERR_INVALID_ARG_VALUE' }),
      );
    }
    expect(child.poll()).toEqual({ state: 'running' });
  });
});

describe.each(wide)("kill() of its own scope '%s'", (scope) => {
  // A shell with job control goes on when a job of its is stopped, as a sweep may do before it kills:
  // it must not get the time to end by itself. Several times, because that is a race.
  test('reaches the member of another group, and is what the leader dies by', async () => {
    const ends: unknown[] = [];
    for (let turn = 0; turn < 15; turn++) {
      const script = 'set -m; sleep 60 >/dev/null & wait';
      const { child, live } = await startMarked('/bin/bash', ['-c', script], scope);
      const hasLeft = ({ command, pgid }: Stat) => command === 'sleep' && pgid !== child.pid;
      await waitFor(() => live().some(hasLeft));
      const killed = child.kill('SIGKILL', scope);
      await child.empty;
      expect(live()).toEqual([]);
      const { code, signal } = await child.exited;
      ends.push({ killed, code, signal });
    }
    expect(new Set(ends.map((end) => JSON.stringify(end)))).toEqual(
      new Set(['{"killed":true,"code":null,"signal":"SIGKILL"}']),
    );
  });
});

// Its number, which is the session's and the group's, is not given to anybody else that way.
describe.each(['session', 'tree'] as const)("the leader's zombie, with scope '%s'", (scope) => {
  test('is kept until the scope is empty', async () => {
    const { child, member } = await startOrphan(scope);
    expect(readStat(child.pid)).toMatchObject({ state: 'Z', ppid: process.pid });
    expect(child.poll()).toMatchObject({ state: 'exited', exit: { code: 3 } });
    process.kill(member, 'SIGKILL');
    await child.empty;
    await waitFor(() => readStat(child.pid) === undefined, { what: 'its reaping' });
  });

  test('goes with release(), and the member stays', async () => {
    const { child, member } = await startOrphan(scope);
    child.release();
    await waitFor(() => readStat(child.pid) === undefined, { what: 'its reaping' });
    expect(isAlive(member)).toBe(true);
    expect(await child.exited).toMatchObject({ code: 3 });
  });
});

describe('the environment', () => {
  const base = { PATH: '/bin:/usr/bin', LANG: 'C' };
  const list = ['PATH=/bin:/usr/bin', 'LANG=C'];
  const session = (scope: Scope) => (scope === 'session' ? { session: true } : {});

  test.each(everyScope.filter((each) => each !== 'tree'))(
    "is as given with '%s'",
    async (scope) => {
      expect((await probe({ env: base, scope, ...session(scope) })).env).toEqual(list);
    },
  );

  test("has exactly one variable more with 'tree'", async () => {
    const { env } = await probe({ env: base, scope: 'tree' });
    expect(env.slice(0, 2)).toEqual(list);
    expect(env.slice(2)).toEqual([expect.stringMatching(/^REAPWELL_COOKIE=[^,]+$/)]);
  });

  test('has the cookie of a supervisor above us before our own', async () => {
    const { env } = await probe({ env: { ...base, REAPWELL_COOKIE: 'above' }, scope: 'tree' });
    expect(env.filter((each) => each.startsWith('REAPWELL_COOKIE='))).toEqual([
      expect.stringMatching(/^REAPWELL_COOKIE=above,[^,]+$/),
    ]);
  });

  test('has a cookie of its own for each child', async () => {
    const [one, other] = await Promise.all([1, 2].map(() => probe({ scope: 'tree' })));
    const cookie = (env: string[]) => env.find((each) => each.startsWith('REAPWELL_COOKIE='));
    expect(cookie(one!.env)).not.toBe(cookie(other!.env));
  });
});

describe('what does not go together is refused', () => {
  const combinations: [string, NonNullable<Parameters<typeof spawn>[2]>][] = [
    ...(['group', 'session', 'tree', 'cgroup'] as const).map((scope): [string, object] => [
      `'${scope}' with group: 'inherit'`,
      { scope, group: 'inherit' },
    ]),
    ['a list with group: inherit', { scope: ['tree', 'leader'], group: 'inherit' }],
    ["'session' with session: false", { scope: 'session', session: false }],
    ['no scope at all', { scope: [] }],
    ['an unknown scope', { scope: ['everything'] }],
  ];

  test.each(combinations)('%s', async (_, options) => {
    await expect(spawn('/bin/true', [], options)).rejects.toMatchObject({
      name: 'TypeError',
      code: 'ERR_INVALID_ARG_VALUE',
    });
  });

  test.each(['session', 'tree', 'cgroup'] as const)("'%s' in a joined group", async (scope) => {
    const other: Child = await startCat();
    await expect(spawn('/bin/true', [], { scope, group: other.pgid })).rejects.toMatchObject({
      name: 'TypeError',
      code: 'ERR_INVALID_ARG_VALUE',
    });
  });
});

test.each(wide.filter((each) => each !== 'session'))(
  "run() with scope '%s' ends the stragglers that have left the group",
  async (scope) => {
    const mark = makeMark();
    const [name, value] = mark.split('=') as [string, string];
    onTestFinished(() => {
      for (const { pid } of marked(mark)) process.kill(pid, 'SIGKILL');
    });
    const script = '(setsid sleep 60 >/dev/null 2>&1 &); exit 0';
    const completion = await run('/bin/sh', ['-c', script], {
      scope,
      env: { ...process.env, [name]: value },
    });
    expect(marked(mark)).toEqual([]);
    expect(completion).toMatchObject({
      status: 'completed',
      exit: { code: 0 },
      termination: { method: 'sigterm', survivors: [] },
    });
  },
);
