// Between clone and exec a child runs on our memory with our handlers. A signal to our group must
// never run one of them there.
import { spawn as spawnNode } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { fixture } from '../support/fixture.js';
import { startProgram } from '../support/program.js';

const spawns = 2_000;

test(
  `a signal storm during ${spawns} spawns runs no handler in a child`,
  { timeout: 60_000 },
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'reapwell-storm-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const report = join(folder, 'report');
    // In a session of its own, so that a signal to its group hits it and its newborn children only.
    const program = startProgram(
      `
      import { spawn } from 'reapwell';
      const [addon, exitNow, spawns] = process.argv.slice(2);
      process.dlopen({ exports: {} }, addon);
      console.log('ready');
      let started = 0;
      const lane = async () => {
        while (started < Number(spawns)) {
          started++;
          const child = await spawn(exitNow, [], { stdio: 'ignore' });
          const { code } = await child.exited;
          if (code !== 0) throw new Error('exit code ' + code);
        }
      };
      await Promise.all([lane(), lane(), lane()]);
      console.log(started);
    `,
      {
        args: [fixture('on-load'), fixture('exit-now'), `${spawns}`],
        env: { ON_LOAD: 'note-handlers', ON_LOAD_REPORT: report },
        under: ['setsid'],
      },
    );
    await program.line(/ready/);
    const storm = spawnNode(fixture('signal-storm'), [`${program.pid}`], { stdio: 'ignore' });
    onTestFinished(() => void storm.kill('SIGKILL'));
    expect(await program.ended).toMatchObject({ code: 0, stdout: `ready\n${spawns}\n` });
    const runs = readFileSync(report, 'latin1');
    // Without a storm the rest would show nothing.
    expect(runs.length).toBeGreaterThan(100);
    expect(runs).toMatch(/^p+$/);
  },
);
