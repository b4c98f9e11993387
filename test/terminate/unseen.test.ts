// 'failed' names somebody, always: also where /proc shows nobody, because it is not there.
import { describe, expect, test } from 'vitest';
import type { Completion, Scope, Termination } from '../../src/index.js';
import { withMembers } from '../scopes/columns.js';
import { fixture } from '../support/fixture.js';
import { jsonProgram } from '../support/program.js';

const isRoot = process.getuid?.() === 0;

/** Runs a program that has no /proc from the call of `hideProc` on. */
const withoutProc = <T>(body: string, args: string[]) =>
  jsonProgram<T>(
    `
      import { run, spawn } from 'reapwell';
      import { execFileSync } from 'node:child_process';
      const [program, scope] = process.argv.slice(2);
      const hideProc = () => execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', '/proc']);
      const ready = async (child) => {
        let said = '';
        for await (const chunk of child.stdout) if ((said += chunk).includes('\\n')) break;
      };
      const stdio = ['ignore', 'pipe', 'ignore'];
      const onlyTerm = { escalation: [{ signal: 'SIGTERM', wait: 200 }] };
      ${body}
    `,
    { under: ['unshare', '--mount', '--propagation', 'private'], args },
  );

interface Seen {
  pid: number;
  failed: Termination;
  ended: Termination;
}

// Whether a cgroup is empty is told by the cgroup, wherever /proc is; but who is in it is not.
describe.skipIf(!isRoot)('without /proc (needs root)', () => {
  test.each(withMembers.filter((scope) => scope !== 'cgroup'))(
    "a leader that survives is named, and is ended by force, with scope '%s'",
    async (scope) => {
      const { pid, failed, ended } = await withoutProc<Seen>(
        `
          const child = await spawn(program, ['--ignore=TERM'], { stdio, scope });
          await ready(child);
          hideProc();
          const failed = await child.terminate(onlyTerm);
          const ended = child.terminate({ grace: 50, killWait: 100 });
          await child.exited;
          console.log(JSON.stringify({ pid: child.pid, failed, ended: await ended }));
          process.exit();
        `,
        [fixture('ready'), scope],
      );
      expect(failed).toMatchObject({
        method: 'failed',
        survivors: [{ pid, pgid: pid, identity: { pid }, reason: 'hidden', state: '?' }],
      });
      // That nobody was left behind by it can't be seen; the kernel knows it of a group that it can
      // signal by pidfd.
      expect(['sigkill', 'failed']).toContain(ended.method);
      expect(ended.survivors.length).toBe(ended.method === 'failed' ? 1 : 0);
    },
  );

  test.each<Scope>(['group', 'session', 'tree'])(
    "members that outlive their leader are not called gone, with scope '%s'",
    async (scope) => {
      const { pid, failed } = await withoutProc<Seen>(
        `
          const child = await spawn(program, ['--members=1', '--member-ignore=TERM', '--leave=0'], {
            stdio, scope,
          });
          await ready(child);
          await child.exited;
          hideProc();
          const failed = await child.terminate(onlyTerm);
          console.log(JSON.stringify({ pid: child.pid, failed }));
          child.kill('SIGKILL', 'group');
          process.exit();
        `,
        [fixture('ready'), scope],
      );
      expect(failed).toMatchObject({
        method: 'failed',
        survivors: [{ pid, pgid: pid, reason: 'hidden' }],
      });
    },
  );

  test('run settles, and says who is left', async () => {
    const completion = await withoutProc<Completion>(
      `
        const error = ({ name, code, message }) => ({ name, code, message });
        const running = run(program, ['--ignore=TERM'], {
          timeout: 300,
          ...onlyTerm,
          scope,
          onProgress: hideProc,
          progressInterval: 100,
        });
        const completion = await running;
        console.log(JSON.stringify({ ...completion, error: error(completion.error) }));
        process.exit();
      `,
      [fixture('ready'), 'group'],
    );
    const { pid } = completion;
    expect(completion).toMatchObject({
      status: 'error',
      exit: null,
      termination: { method: 'failed', survivors: [{ pid, reason: 'hidden' }] },
      error: { name: 'SurvivorsError', code: 'ERR_REAPWELL_SURVIVORS' },
    });
    expect(completion.error!.message).toContain(
      `1 process survived the escalation: ${pid} (?, hidden)`,
    );
  });
});
