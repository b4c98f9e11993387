// memoryMax, pidsMax and cpuMax: what is written for them, that they hold where their controller can be
// had, and that a spawn says so where it can't.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { describe, expect, onTestFinished, test, type TestContext } from 'vitest';
import { capabilities, run, spawn, type CgroupOptions } from '../../src/index.js';
import { binding } from '../../src/native/binding.js';
import { planCgroup } from '../../src/options/scope.js';
import { start } from '../children.js';
import { failure } from '../support/failure.js';
import { temporaryDirectory } from '../support/probe.js';
import { ownChildren } from '../support/proc.js';
import { nodeProgram } from '../support/program.js';

const { cgroup } = capabilities();
const MEBIBYTE = 2 ** 20;

type Controller = 'memory' | 'pids' | 'cpu';
const controllers: [Controller, CgroupOptions][] = [
  ['memory', { memoryMax: 64 * MEBIBYTE }],
  ['pids', { pidsMax: 8 }],
  ['cpu', { cpuMax: 0.5 }],
];

function isAvailable(controller: Controller): boolean {
  const list = readFileSync(`${cgroup.path!}/cgroup.controllers`, 'utf8');
  return list.trim().split(' ').includes(controller);
}

/** A cgroup in which children can have the controller, removed when the test ends; or skips the test. */
function parentWith(controller: Controller, ctx: TestContext): string {
  if (!cgroup.writable) ctx.skip('no cgroup v2 is writable here');
  if (!isAvailable(controller)) ctx.skip(`no controller '${controller}' in ${cgroup.path!}`);
  const control = `${cgroup.path!}/cgroup.subtree_control`;
  const isOn = readFileSync(control, 'utf8').trim().split(' ').includes(controller);
  try {
    if (!isOn) writeFileSync(control, `+${controller}`);
  } catch (error) {
    ctx.skip(`'${controller}' can't be switched on in ${cgroup.path!}: ${String(error)}`);
  }
  const parent = `${cgroup.path!}/reapwell-limits-${process.pid}`;
  mkdirSync(parent);
  onTestFinished(() => {
    rmdirSync(parent);
    if (!isOn) writeFileSync(control, `-${controller}`);
  });
  return parent;
}

describe('what is written', () => {
  test.each([
    [{ memoryMax: 64 * MEBIBYTE }, ['memory.max', '67108864']],
    [{ pidsMax: 8 }, ['pids.max', '8']],
    [{ cpuMax: 0.5 }, ['cpu.max', '50000 100000']],
    [{ cpuMax: 3 }, ['cpu.max', '300000 100000']],
    // The kernel takes no quota below a millisecond.
    [{ cpuMax: 0.001 }, ['cpu.max', '1000 100000']],
    [
      { cpuMax: 1, pidsMax: 2, memoryMax: 1 },
      ['memory.max', '1', 'pids.max', '2', 'cpu.max', '100000 100000'],
    ],
    [{}, []],
  ] as [CgroupOptions, string[]][])('for %o', (options, settings) => {
    expect(planCgroup(options).settings).toEqual(settings);
  });

  const hasStrace = spawnSync('strace', ['-V']).status === 0;
  test("a controller that is missing is asked for in the parent's cgroup.subtree_control", async (ctx) => {
    if (!cgroup.writable) ctx.skip('no cgroup v2 is writable here');
    if (!hasStrace) ctx.skip('strace is not installed');
    const trace = `${temporaryDirectory()}/trace`;
    await nodeProgram(
      `
        import { spawn } from 'reapwell';
        const child = await spawn('/bin/true', [], { scope: 'cgroup', cgroup: { pidsMax: 8 } });
        await child.empty;
      `,
      { under: ['strace', '-f', '-y', '-e', 'trace=openat,write,rmdir', '-o', trace] },
    );
    const calls = readFileSync(trace, 'utf8').split('\n');
    const at = (pattern: RegExp) => calls.findIndex((call) => pattern.test(call));
    const own = at(/openat\(\d+<\/.*\/reapwell-[0-9a-z-]+>, "pids\.max", O_WRONLY/);
    expect(own).toBeGreaterThan(-1);
    if (!calls[own]!.includes('ENOENT')) return;
    expect(at(/write\(\d+<\/.*\/cgroup\.subtree_control>, "\+pids", 5\)/)).toBeGreaterThan(own);
    // And when that is refused too, nothing is left.
    expect(at(/rmdir\("\/.*\/reapwell-[0-9a-z-]+"\) += 0/)).toBeGreaterThan(own);
  });
});

describe.each(controllers)("where the controller '%s' can't be had", (controller, limits) => {
  test('the spawn fails and says which limit, and leaves nothing', async (ctx) => {
    if (!cgroup.writable) ctx.skip('no cgroup v2 is writable here');
    if (isAvailable(controller)) ctx.skip('it can');
    const folders = readdirSync(cgroup.path!);
    const known = new Set(ownChildren().map(({ pid }) => pid));
    const error = await failure(spawn('/bin/cat', [], { scope: 'cgroup', cgroup: limits }));
    expect(ownChildren().filter(({ pid }) => !known.has(pid))).toEqual([]);
    expect(error).toMatchObject({
      name: 'ScopeUnavailableError',
      code: 'ERR_REAPWELL_SCOPE_UNAVAILABLE',
      message: expect.stringContaining(`${controller}.max`) as unknown,
      cause: expect.objectContaining({ code: 'ENOENT', path: cgroup.path }) as unknown,
    });
    const mine = (name: string) => name.startsWith(`reapwell-${binding.cookiePrefix()}`);
    expect(readdirSync(cgroup.path!).filter(mine)).toEqual(folders.filter(mine));
  });

  test('the next scope of the list is taken', async (ctx) => {
    if (cgroup.writable && isAvailable(controller)) ctx.skip('it can');
    const options = { scope: ['cgroup', 'tree', 'group'], cgroup: limits } as const;
    const child = await start('/bin/cat', [], { ...options, scope: [...options.scope] });
    expect(child.scope).toBe('tree');
  });
});

test('a folder that is no cgroup is refused, and left as it was', async () => {
  const parent = temporaryDirectory();
  const options = { scope: 'cgroup', cgroup: { parent, memoryMax: MEBIBYTE } } as const;
  await expect(spawn('/bin/cat', [], options)).rejects.toMatchObject({
    code: 'ERR_REAPWELL_SCOPE_UNAVAILABLE',
    cause: expect.objectContaining({ code: 'ENOENT', path: parent }) as unknown,
  });
  expect(readdirSync(parent)).toEqual([]);
});

describe('where it can', () => {
  for (const [controller, limits] of controllers) {
    test(`the limit of '${controller}' stands in its file`, async (ctx) => {
      const parent = parentWith(controller, ctx);
      const child = await start('/bin/cat', [], {
        scope: 'cgroup',
        cgroup: { parent, ...limits },
      });
      const [folder] = readdirSync(parent).filter((name) => name.startsWith('reapwell-'));
      const [file, value] = planCgroup(limits).settings;
      expect(readFileSync(`${parent}/${folder!}/${file!}`, 'utf8')).toBe(`${value!}\n`);
      await child.terminate();
    });
  }

  // Takes memory until nothing more can be had.
  const hog = 'let s = "x".repeat(2 ** 20); const all = []; for (;;) all.push(Buffer.from(s));';

  test("what goes over memoryMax is ended, and the cause is 'oom'; without it, not", async (ctx) => {
    const parent = parentWith('memory', ctx);
    const options = { scope: 'cgroup', cgroup: { parent, memoryMax: 128 * MEBIBYTE } } as const;
    expect(await run(process.execPath, ['-e', hog], options)).toMatchObject({
      status: 'failed',
      exit: { signal: 'SIGKILL' },
      cause: 'oom',
    });
    const killed = await run('/bin/sh', ['-c', 'kill -KILL $$'], options);
    expect(killed).toMatchObject({ status: 'failed', exit: { signal: 'SIGKILL' } });
    expect(killed.cause).toBeUndefined();
  });

  test('forking beyond pidsMax fails in the child; ending it still works', async (ctx) => {
    const parent = parentWith('pids', ctx);
    const options = { scope: 'cgroup', cgroup: { parent, pidsMax: 8 } } as const;
    const script = 'for i in 1 2 3 4 5 6 7 8 9 10 11 12; do sleep 60 & done; wait';
    const completion = await run('/bin/bash', ['-c', script], { ...options, timeout: 500 });
    expect(completion.stderr).toContain('Resource temporarily unavailable');
    expect(completion).toMatchObject({ status: 'timeout', termination: { survivors: [] } });
  });
});
