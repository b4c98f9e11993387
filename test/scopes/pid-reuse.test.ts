// A number that the kernel has given to somebody else: the stranger lives. In a pid namespace, where the
// next number can be chosen.
import { accessSync, constants } from 'node:fs';
import { expect, test } from 'vitest';
import { jsonProgram } from '../support/program.js';

function canChooseNumbers(): boolean {
  try {
    accessSync('/proc/sys/kernel/ns_last_pid', constants.W_OK);
    return process.getuid?.() === 0;
  } catch {
    return false;
  }
}

interface Seen {
  reused: boolean;
  killed: boolean[];
  terminated: string;
  attached: string;
  alive: boolean;
}

test.skipIf(!canChooseNumbers()).each(['leader', 'group', 'session', 'tree'])(
  "under scope '%s' nothing reaches who got the number of an ended child (needs root)",
  async (scope) => {
    const seen = await jsonProgram<Seen>(
      `
        import { attach, posix, spawn } from 'reapwell';
        import { writeFileSync } from 'node:fs';
        const scope = process.argv[2];
        const child = await spawn('/bin/true', [], { stdio: 'ignore', scope });
        await child.empty;
        // Start times are told apart by 10 ms; without pidfds nothing else tells the two.
        await new Promise((resolve) => setTimeout(resolve, 30));
        const options = { stdio: 'ignore', parentDeathSignal: 'SIGKILL' };
        let stranger = 0;
        // Whoever else forks here (a thread of Node's) takes the number first, now and then.
        for (let turn = 0; turn < 200 && stranger !== child.pid; turn++) {
          writeFileSync('/proc/sys/kernel/ns_last_pid', String(child.pid - 1));
          const pid = posix.posixSpawn('/bin/sleep', ['30'], options);
          if (pid === child.pid) {
            stranger = pid;
          } else {
            process.kill(pid, 'SIGKILL');
            posix.waitpid(pid, 0);
          }
        }
        const killed = [...new Set(['leader', 'group', scope])].map((what) => child.kill('SIGKILL', what));
        const { method } = await child.terminate();
        const attached = await attach(child.identity).then(() => 'attached', ({ code }) => code);
        const alive = posix.waitpid(stranger, posix.WNOHANG).pid === 0;
        const reused = stranger === child.pid;
        if (alive) process.kill(stranger, 'SIGKILL');
        console.log(JSON.stringify({ reused, killed, terminated: method, attached, alive }));
        process.exit();
      `,
      { under: ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child'], args: [scope] },
    );
    expect(seen.reused).toBe(true);
    expect(new Set(seen.killed)).toEqual(new Set([false]));
    expect(seen).toMatchObject({ terminated: 'not_running', attached: 'ESRCH', alive: true });
  },
);
