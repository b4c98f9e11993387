// The main job on real programs, told as it happens:
//   npm ci && npm run demo
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { styleText } from 'node:util';
import { capabilities, run, spawn } from 'reapwell';

const startedAt = performance.now();
const groups = new Set();
let wrong = 0;

const paint = (style, text) => (process.stdout.isTTY ? styleText(style, text) : text);

function say(text) {
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(3).padStart(7);
  console.log(`${paint('gray', `${seconds}s`)}  ${text}`);
}

function title(text) {
  console.log(`\n${paint('bold', text)}`);
}

function expect(what, holds) {
  if (!holds) wrong += 1;
  say(`${holds ? paint('green', 'ok') : paint('red', 'WRONG')}  ${what}`);
}

/** Every process of one of our groups that /proc shows alive. */
function aliveInOurGroups() {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
        const command = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'));
        const [state, , pgid] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
        return groups.has(Number(pgid)) && state !== 'Z'
          ? [{ pid: Number(pid), command, state }]
          : [];
      } catch {
        return []; // ended while we were reading
      }
    });
}

function describe(result) {
  const { status, exit, termination, durationMs } = result;
  const how = exit === null ? 'no exit' : exit.signal === null ? `code ${exit.code}` : exit.signal;
  say(
    `${paint('bold', status)} (${how}, ended: ${termination.method}) in ${Math.round(durationMs)} ms`,
  );
}

title('What this kernel offers');
const { cgroup, sigchldReason, ...offers } = capabilities();
say(
  Object.entries({ ...offers, cgroup: cgroup.writable })
    .map(([k, v]) => `${k}: ${v}`)
    .join(', '),
);
if (sigchldReason !== null) say(`SIGCHLD is not claimed yet: ${sigchldReason}`);

title('1. A job that succeeds');
const listed = await run('ls', ['-1', '/proc/self/fd']);
groups.add(listed.pid);
describe(listed);
say(
  `it saw the descriptors ${listed.stdout.trim().split('\n').join(' ')} (the last is its own listing)`,
);
expect('status completed, exit code 0', listed.status === 'completed' && listed.exit.code === 0);

title('2. A job that fails');
const failed = await run('sh', ['-c', 'echo "no such ticket" >&2; exit 3']);
groups.add(failed.pid);
describe(failed);
say(`stderr: ${failed.stderr.trim()}`);
expect('status failed, exit code 3', failed.status === 'failed' && failed.exit.code === 3);

title('3. A program that is not there');
const missing = await run('no-such-program');
say(`${missing.status}: ${missing.error.message} (${missing.error.code})`);
expect('status error, ENOENT', missing.status === 'error' && missing.error.code === 'ENOENT');

title('4. A shell whose children ignore SIGTERM and that outlives its timeout');
const script = `
  for i in 1 2 3; do (trap '' TERM; while :; do sleep 1; done) & done
  trap 'echo "shell: leaving, my children stay"; exit 0' TERM
  echo ready; while :; do sleep 1; done`;
const shell = await spawn('sh', ['-c', script], { timeout: 700, grace: 800 });
groups.add(shell.pgid);
say(`pid ${shell.pid} leads the group ${shell.pgid}`);
shell.stdout.on('data', (chunk) => say(`it says: ${String(chunk).trim()}`));
shell.on('exit', (exit) =>
  say(`the leader has exited (code ${exit.code}); the group has not ended`),
);
shell.on('empty', () => say('the group is empty'));
await sleep(300);
for (const { pid, command, state } of shell.members()) say(`  member ${pid} ${command} (${state})`);
await shell.empty;
expect('the leader kept its own exit code 0', shell.poll().exit.code === 0);
expect('it was ended by us, because of the timeout', shell.endedBy === 'timeout');

title('5. The same as one call');
const timedOut = await run('sh', ['-c', script], { timeout: 500, eofWait: 0, grace: 300 });
groups.add(timedOut.pid);
describe(timedOut);
for (const { step, ended, durationMs } of timedOut.termination.steps) {
  say(`  ${step}: ${ended ? 'empty' : 'members left'} after ${Math.round(durationMs)} ms`);
}
expect('status timeout, by sigkill', timedOut.termination.method === 'sigkill');

title('Proof from /proc');
const left = aliveInOurGroups();
for (const { pid, command, state } of left) say(`  left behind: ${pid} ${command} (${state})`);
expect(`nothing of the ${groups.size} groups is left`, left.length === 0);
const children = readFileSync('/proc/self/task/' + process.pid + '/children', 'utf8').trim();
expect('no child and no zombie of ours', children === '');

console.log(wrong === 0 ? '\nAll as promised.' : `\n${wrong} not as promised.`);
process.exitCode = wrong === 0 ? 0 : 1;
