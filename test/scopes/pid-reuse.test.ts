// A number that the kernel has given to somebody else: the stranger lives. In a pid namespace, where the
// next number can be chosen.
import { accessSync, constants } from 'node:fs';
import { expect, test } from 'vitest';
import { describeScopes, everyScope, withMembers } from './columns.js';
import { jsonProgram } from '../support/program.js';

function canChooseNumbers(): boolean {
  try {
    accessSync('/proc/sys/kernel/ns_last_pid', constants.W_OK);
    return process.getuid?.() === 0;
  } catch {
    return false;
  }
}

const namespace = ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child'];

// Gives `take(number)` to the body: a stranger that leads a group, started anew until it has the number.
const program = (body: string) => `
  import { attach, posix, spawn } from 'reapwell';
  import { writeFileSync } from 'node:fs';
  import { until } from '../../support/inside.mjs';
  const scope = process.argv[2];
  const ended = (pid) => posix.waitpid(pid, posix.WNOHANG).pid !== 0;
  async function take(number) {
    // Start times are told apart by 10 ms; without pidfds nothing else tells the two.
    await new Promise((resolve) => setTimeout(resolve, 30));
    const options = { stdio: 'ignore', parentDeathSignal: 'SIGKILL', group: 'new' };
    // Whoever else forks here (a thread of Node's) takes the number first, now and then.
    for (let turn = 0; turn < 200; turn++) {
      writeFileSync('/proc/sys/kernel/ns_last_pid', String(number - 1));
      const pid = posix.posixSpawn('/bin/sleep', ['30'], options);
      if (pid === number) return;
      process.kill(pid, 'SIGKILL');
      posix.waitpid(pid, 0);
    }
    throw new Error('the number was never given out again');
  }
  ${body}
  process.exit();
`;

interface Seen {
  killed: boolean[];
  terminated: string;
  attached: string;
  alive: boolean;
  naive: boolean;
}

const report = `
  await take(child.pid);
  const killed = [...new Set(['leader', 'group', scope])].map((what) => child.kill('SIGKILL', what));
  const { method } = await child.terminate();
  const attached = await attach(child.identity).then(() => 'attached', ({ code }) => code);
  const alive = !ended(child.pid);
  // What remembers a number signals whoever has it.
  process.kill(naive, 'SIGKILL');
  const hit = await until(() => ended(child.pid));
  console.log(JSON.stringify({ killed, terminated: method, attached, alive, naive: hit }));
`;

function expectSpared(seen: Seen): void {
  expect(new Set(seen.killed)).toEqual(new Set([false]));
  expect(seen).toMatchObject({ terminated: 'not_running', attached: 'ESRCH', alive: true });
  expect(seen.naive).toBe(true);
}

const reason = canChooseNumbers() ? '' : ' (skipped: needs root, and CONFIG_CHECKPOINT_RESTORE)';

describeScopes(everyScope, (scope) => {
  test.skipIf(!canChooseNumbers())(
    `nothing reaches who got the number of an ended child${reason}`,
    async () => {
      const body = `
        const child = await spawn('/bin/true', [], { stdio: 'ignore', scope });
        await child.empty;
        const naive = child.pid;
        ${report}
      `;
      expectSpared(await jsonProgram<Seen>(program(body), { under: namespace, args: [scope] }));
    },
  );
});

describeScopes(withMembers, (scope) => {
  test.skipIf(!canChooseNumbers())(
    `nor who got it when the last member had ended too, as the leader of a group${reason}`,
    async () => {
      const body = `
        const script = 'sleep 30 >/dev/null & exit 0';
        const child = await spawn('/bin/sh', ['-c', script], { stdio: 'ignore', scope });
        await child.exited;
        const [member] = child.members();
        // As long as it lives the number is its group's, and the kernel gives it to nobody.
        const early = await take(child.pid).then(() => 'given out', () => 'kept');
        if (early !== 'kept') throw new Error('the number was given out: ' + early);
        process.kill(member.pid, 'SIGKILL');
        await child.empty;
        // We are its init: while its zombie lies about, the number is still in use.
        posix.waitpid(member.pid, 0);
        const naive = -child.pid;
        ${report}
      `;
      expectSpared(await jsonProgram<Seen>(program(body), { under: namespace, args: [scope] }));
    },
  );
});
