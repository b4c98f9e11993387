// run(): one result for the whole job, and five words for how it came out.
import { describe, expect, test } from 'vitest';
import { run } from '../../src/index.js';
import { fixture } from '../support/fixture.js';
import { isAlive, zombieChildren } from '../support/proc.js';

const exitWith = fixture('exit-with');
const ready = fixture('ready');

describe('completed', () => {
  test('is exit code 0', async () => {
    const completion = await run('/bin/echo', ['hello']);
    expect(completion).toMatchObject({
      status: 'completed',
      exit: { code: 0, signal: null, coreDumped: false, known: true },
      termination: { method: 'natural' },
      stdout: 'hello\n',
      stderr: '',
      truncated: false,
    });
    expect(completion.error).toBeUndefined();
    expect(completion.pid).toBeGreaterThan(1);
    expect(completion.durationMs).toBeGreaterThan(0);
    expect(completion.usage).toEqual(completion.exit?.usage);
    expect(zombieChildren()).not.toContain(completion.pid);
  });
});

describe('failed', () => {
  test.each([1, 127, 143, 255])('is exit code %d', async (code) => {
    expect(await run(exitWith, ['code', `${code}`])).toMatchObject({
      status: 'failed',
      exit: { code, signal: null },
      termination: { method: 'natural' },
    });
  });

  test.each([
    [9, 'SIGKILL'],
    [15, 'SIGTERM'],
    [11, 'SIGSEGV'],
  ])('is a death by signal %d that we did not send', async (number, signal) => {
    expect(await run(exitWith, ['signal', `${number}`])).toMatchObject({
      status: 'failed',
      exit: { code: null, signal },
      termination: { method: 'natural' },
    });
  });
});

describe('timeout', () => {
  test('is what had to be ended, whatever it made of that', async () => {
    expect(await run('/bin/sleep', ['60'], { timeout: 50 })).toMatchObject({
      status: 'timeout',
      exit: { code: null, signal: 'SIGTERM' },
      termination: { method: 'sigterm', survivors: [] },
    });
    const kept = await run(ready, ['--exit-on=TERM:0'], { timeout: 200 });
    expect(kept).toMatchObject({ status: 'timeout', exit: { code: 0 }, stdout: 'ready\n' });
  });

  test('covers members that ignore SIGTERM', async () => {
    const completion = await run(ready, ['--members=2', '--ignore=TERM', '--member-ignore=TERM'], {
      timeout: 200,
      grace: 50,
    });
    expect(completion).toMatchObject({
      status: 'timeout',
      termination: { method: 'sigkill', survivors: [] },
    });
    const members = completion.stdout.trimEnd().split(' ').slice(1).map(Number);
    expect(members).toHaveLength(2);
    expect(members.filter(isAlive)).toEqual([]);
  });

  test('of a program that ended in time is no timeout', async () => {
    expect(await run(exitWith, ['code', '3'], { timeout: 20_000 })).toMatchObject({
      status: 'failed',
      termination: { method: 'natural' },
    });
  });
});

describe('terminated', () => {
  test('is what an AbortSignal ended', async () => {
    const controller = new AbortController();
    const running = run('/bin/sleep', ['60'], { signal: controller.signal });
    setTimeout(() => controller.abort(), 50);
    expect(await running).toMatchObject({
      status: 'terminated',
      exit: { signal: 'SIGTERM' },
      termination: { method: 'sigterm' },
    });
  });
});

describe('error', () => {
  test.each([
    ['/nowhere/at-all', {}, 'ENOENT', 'spawn /nowhere/at-all'],
    ['/etc/passwd', {}, 'EACCES', 'spawn /etc/passwd'],
    ['/bin/true', { cwd: '/nowhere' }, 'ENOENT', 'chdir'],
  ])('is that %s could not be started %o: %s', async (file, options, code, syscall) => {
    const completion = await run(file, ['argument'], options);
    expect(completion).toMatchObject({
      status: 'error',
      exit: null,
      pid: null,
      stdout: '',
      stderr: '',
      truncated: false,
      usage: null,
      error: { code, syscall },
    });
    expect(completion.error).toBeInstanceOf(Error);
  });

  test('is that it could not be ended, and says who is left', async () => {
    const completion = await run(ready, ['--ignore=TERM'], {
      timeout: 200,
      escalation: [{ signal: 'SIGTERM', wait: 50 }],
    });
    expect(completion).toMatchObject({
      status: 'error',
      exit: null,
      termination: { method: 'failed', survivors: [{ pid: completion.pid, reason: 'alive' }] },
      error: { code: 'ERR_REAPWELL_SURVIVORS' },
    });
    process.kill(completion.pid!, 'SIGKILL');
  });
});

describe('bad arguments', () => {
  const cases: [string, unknown[], string, string][] = [
    ['no file', [''], 'TypeError', 'ERR_INVALID_ARG_VALUE'],
    ['arguments that are no list', ['/bin/true', 'x'], 'TypeError', 'ERR_INVALID_ARG_TYPE'],
    ['an unknown option', ['/bin/true', [], { shell: true }], 'TypeError', 'ERR_INVALID_ARG_VALUE'],
    [
      'an encoding',
      ['/bin/true', [], { encoding: 'latin1' }],
      'TypeError',
      'ERR_INVALID_ARG_VALUE',
    ],
    ['stragglers', ['/bin/true', [], { stragglers: 'keep' }], 'TypeError', 'ERR_INVALID_ARG_VALUE'],
    ['an input', ['/bin/true', [], { input: 5 }], 'TypeError', 'ERR_INVALID_ARG_TYPE'],
    [
      'an input that has nowhere to go',
      ['/bin/true', [], { input: 'x', stdio: ['ignore', 'pipe', 'pipe'] }],
      'TypeError',
      'ERR_INVALID_ARG_VALUE',
    ],
    ['a maxBuffer', ['/bin/true', [], { maxBuffer: -1 }], 'RangeError', 'ERR_OUT_OF_RANGE'],
    ['a drainIdle', ['/bin/true', [], { drainIdle: NaN }], 'RangeError', 'ERR_OUT_OF_RANGE'],
    ['a timeout', ['/bin/true', [], { timeout: -1 }], 'RangeError', 'ERR_OUT_OF_RANGE'],
    [
      'a progressInterval',
      ['/bin/true', [], { onProgress: () => undefined, progressInterval: -5 }],
      'RangeError',
      'ERR_OUT_OF_RANGE',
    ],
    ['an onProgress', ['/bin/true', [], { onProgress: 1 }], 'TypeError', 'ERR_INVALID_ARG_TYPE'],
    ['a grace', ['/bin/true', [], { grace: -1 }], 'RangeError', 'ERR_OUT_OF_RANGE'],
    ['an escalation', ['/bin/true', [], { escalation: [] }], 'TypeError', 'ERR_INVALID_ARG_VALUE'],
  ];

  test.each(cases)('%s: rejects', async (_name, args, name, code) => {
    await expect(run(...(args as Parameters<typeof run>))).rejects.toMatchObject({ name, code });
  });
});
