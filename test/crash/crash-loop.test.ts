// A dispatcher that is killed with kill -9 two hundred times: every job is accounted for, none runs
// twice, none is left, and no stranger is signalled, although numbers are used again all the time.
import { spawn as spawnNode, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { repository } from '../support/program.js';

const TURNS = 200;

interface Result {
  made: number;
  code: number;
  left: number;
  strangers: { ended: number; signalled: number };
  entries: number;
  ids: number;
  unfinished: number;
  completed: number;
  completedWithoutEnd: number;
  startedTwice: number;
  alive: number;
}

const inNamespace = ['--pid', '--fork', '--mount-proc', '--kill-child'];
// A namespace has a limit of its own since Linux 6.14; before, setting it would be everybody's.
const setLimit =
  'echo 600 > /proc/sys/kernel/pid_max && test "$(cat /proc/sys/kernel/pid_max)" = 600';
const outside = (): string => readFileSync('/proc/sys/kernel/pid_max', 'utf8');
const before = outside();
const canLimit =
  spawnSync('unshare', [...inNamespace, 'sh', '-c', setLimit]).status === 0 && outside() === before;

test.skipIf(!canLimit)(
  `killed ${TURNS} times, it forgets nothing and hits no stranger (needs root and Linux 6.14)`,
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'reapwell-crash-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const driver = spawnNode(
      'unshare',
      [
        ...inNamespace,
        // The namespace's first process: reaps whoever comes home to it, as an init does.
        ...['sh', '-c', '"$@" & wait $!', 'sh'],
        process.execPath,
        join(repository, 'test/fixtures/crash-loop.mjs'),
        join(repository, 'examples/dispatcher/dispatcher.mjs'),
        folder,
        String(TURNS),
      ],
      { stdio: ['ignore', 'ignore', 'inherit'] },
    );
    onTestFinished(() => void driver.kill('SIGKILL'));
    await once(driver, 'exit');
    const result = JSON.parse(readFileSync(join(folder, 'result.json'), 'utf8')) as Result;
    expect(result).toMatchObject({
      entries: result.made,
      ids: result.made,
      unfinished: 0,
      completedWithoutEnd: 0,
      startedTwice: 0,
      alive: 0,
      strangers: { signalled: 0 },
    });
    // Else nothing would have been shown: jobs were left alive, jobs ended, numbers came again.
    expect(result.left).toBeGreaterThan(0);
    expect(result.completed).toBeGreaterThan(0);
    expect(result.strangers.ended).toBeGreaterThan(600);
  },
  600_000,
);
