// How each contender starts a job and ends it, in the way its documentation shows, with the same grace.
// `start` returns `end`: ends the job and settles when the contender has the job's result, i.e. what it
// offers as "it is over": exit and all output.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';

/** How long what takes a limit for the time after SIGKILL may wait. */
const KILL_WAIT_MS = 3000;

function reapwell(scope) {
  return async ({ file, args, env, graceMs }) => {
    const { run } = await import('../../dist/index.js');
    const controller = new AbortController();
    const { signal } = controller;
    const job = run(file, args, { env, signal, scope, grace: graceMs, killWait: KILL_WAIT_MS });
    return async () => {
      controller.abort();
      const { status, termination, error } = await job;
      const { method, survivors = [], durationMs } = termination;
      return { status, method, survivors, durationMs, error: error && String(error) };
    };
  };
}

async function execa({ file, args, env, graceMs }) {
  const module = await import('execa');
  const job = module.execa(file, args, {
    ...{ env, extendEnv: false, stdin: 'ignore', reject: false },
    ...{ killDescendants: true, forceKillAfterDelay: graceMs },
  });
  return async () => {
    job.kill();
    const { isTerminated, isForcefullyTerminated, signal } = await job;
    return { isTerminated, isForcefullyTerminated, signal };
  };
}

/** The result of a ChildProcess: its output to the end, and 'close'. */
function start({ file, args, env }) {
  const child = spawn(file, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.resume();
  child.stderr.resume();
  return { child, closed: once(child, 'close') };
}

const isOver = (child) => child.exitCode !== null || child.signalCode !== null;

/** SIGTERM, and SIGKILL after the grace if the leader has not exited: after that no tree is to be found. */
async function endChild({ child, closed }, graceMs, kill) {
  await kill(child, 'SIGTERM');
  const timer = new AbortController();
  const exited = isOver(child) ? Promise.resolve() : once(child, 'exit');
  await Promise.race([exited, delay(graceMs, undefined, { signal: timer.signal, ref: true })]);
  timer.abort();
  if (!isOver(child)) await kill(child, 'SIGKILL');
  const [code, signal] = await closed;
  return { code, signal };
}

async function treeKill(spec) {
  const { default: endTree } = await import('tree-kill');
  const started = start(spec);
  const kill = (child, name) =>
    new Promise((resolve, reject) => {
      endTree(child.pid, name, (error) => (error ? reject(error) : resolve()));
    });
  return () => endChild(started, spec.graceMs, kill);
}

async function fkill(spec) {
  const { default: end } = await import('fkill');
  const { child, closed } = start(spec);
  return async () => {
    await end(child.pid, {
      ...{ tree: true, forceAfterTimeout: spec.graceMs },
      waitForExit: KILL_WAIT_MS,
    });
    const [code, signal] = await closed;
    return { code, signal };
  };
}

async function node(spec) {
  const started = start(spec);
  return () => endChild(started, spec.graceMs, (child, name) => child.kill(name));
}

async function drain(stream) {
  for await (const chunk of stream) void chunk;
}

async function bun({ file, args, env, graceMs }) {
  const job = globalThis.Bun.spawn([file, ...args], {
    ...{ env, stdin: 'ignore', stdout: 'pipe', stderr: 'pipe' },
  });
  const output = Promise.all([drain(job.stdout), drain(job.stderr)]);
  return async () => {
    job.kill('SIGTERM');
    const forced = setTimeout(() => job.kill('SIGKILL'), graceMs);
    const code = await job.exited;
    clearTimeout(forced);
    await output;
    return { code, signal: job.signalCode };
  };
}

/** `packageName`: whose version it is, and what has to be installed in bench/node_modules. */
export const contenders = [
  { name: "reapwell, 'tree'", start: reapwell('tree') },
  { name: "reapwell, 'cgroup'", start: reapwell('cgroup'), cgroup: true },
  { name: "reapwell, 'group'", start: reapwell('group') },
  { name: 'execa', detail: 'killDescendants', packageName: 'execa', start: execa },
  { name: 'tree-kill', packageName: 'tree-kill', start: treeKill },
  { name: 'fkill', packageName: 'fkill', start: fkill },
  { name: 'Bun.spawn', packageName: 'bun', runtime: 'bun', start: bun },
  { name: 'node:child_process', start: node },
];
