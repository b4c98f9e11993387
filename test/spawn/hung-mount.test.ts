// A spawn that hangs before its program runs: on a mount that never answers, as a dead network mount
// does. The program has a mount namespace of its own, so that nobody else can walk into it.
import { accessSync, constants } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { fixture } from '../support/fixture.js';
import { temporaryDirectory } from '../support/probe.js';
import { jsonProgram } from '../support/program.js';

function canMount(): boolean {
  try {
    accessSync('/dev/fuse', constants.W_OK);
    return process.getuid?.() === 0;
  } catch {
    return false;
  }
}

// Gives `hung`, `children()`, `until()`, `outcome()` and `report()` to the body.
const program = (body: string) => `
  import { spawn } from 'reapwell';
  import { spawn as nodeSpawn } from 'node:child_process';
  import { once } from 'node:events';
  import * as inside from '../../support/inside.mjs';
  const { until, outcome } = inside;

  const [mounter, hung] = process.argv.slice(2);
  const mount = nodeSpawn(mounter, [hung], { stdio: ['pipe', 'pipe', 'inherit'] });
  await once(mount.stdout, 'data');
  mount.stdout.destroy();

  const children = () => inside.children().filter((pid) => pid !== mount.pid);
  const report = (value) => {
    console.log(JSON.stringify(value));
    mount.stdin.end();
  };
  await (await spawn('/bin/true', [], { stdio: 'ignore' })).empty;
  ${body}
`;

const runProgram = (body: string) =>
  jsonProgram<Record<string, unknown>>(program(body), {
    under: ['unshare', '--mount'],
    args: [fixture('hung-mount'), temporaryDirectory()],
  });

const ways: [string, string][] = [
  ['chdir', `'/bin/true', [], { cwd: hung }`],
  ['exec', `hung + '/program', []`],
];

describe.skipIf(!canMount()).each(ways)('while the %s hangs', (_, call) => {
  const withOption = (option: string) =>
    call.endsWith('}') ? call.replace(/ }$/, `, ${option} }`) : `${call}, { ${option} }`;

  test('a child that is killed before its program runs is an error, not a hang', async () => {
    const seen = await runProgram(`
      const attempt = outcome(spawn(${call}));
      await until(() => children().length === 1);
      const [pid] = children();
      process.kill(pid, 'SIGKILL');
      report({ ...(await attempt), left: children() });
    `);
    expect(seen).toMatchObject({ code: 'ERR_REAPWELL_SPAWN_KILLED', signal: 9, left: [] });
  });

  test('timers fire and other spawns go on, however many hang', async () => {
    const seen = await runProgram(`
      const attempts = Array.from({ length: 12 }, () => outcome(spawn(${call})));
      const codes = [];
      for (let i = 0; i < 20; i++) {
        const child = await spawn('/bin/sh', ['-c', 'exit ' + i], { stdio: 'ignore' });
        codes.push((await child.exited).code);
        await child.empty;
      }
      await new Promise((resolve) => setTimeout(resolve, 1));
      const all = await until(() => children().length === 12);
      for (const pid of children()) process.kill(pid, 'SIGKILL');
      // Those that were not there to be killed are ended by the mount's own end.
      if (!all) mount.stdin.end();
      const outcomes = await Promise.all(attempts);
      report({ codes, all, outcomes: outcomes.map(({ code }) => code), left: children() });
    `);
    expect(seen).toEqual({
      codes: Array.from({ length: 20 }, (_, index) => index),
      all: true,
      outcomes: Array.from({ length: 12 }, () => 'ERR_REAPWELL_SPAWN_KILLED'),
      left: [],
    });
  });

  test('a timeout ends it', async () => {
    const seen = await runProgram(`
      const result = await outcome(spawn(${withOption('timeout: 100')}));
      report({ ...result, left: children() });
    `);
    expect(seen).toMatchObject({ name: 'TimeoutError', code: 'ERR_REAPWELL_TIMEOUT', left: [] });
  });

  test('an AbortSignal ends it', async () => {
    const seen = await runProgram(`
      const abort = new AbortController();
      const attempt = outcome(spawn(${withOption('signal: abort.signal')}));
      await until(() => children().length === 1);
      abort.abort('enough');
      report({ ...(await attempt), left: children() });
    `);
    expect(seen).toMatchObject({
      name: 'AbortError',
      code: 'ERR_REAPWELL_ABORTED',
      cause: 'enough',
      left: [],
    });
  });
});
