// Who is compared, and how its worker is started. What each of them does is in bench/peers.
import { join } from 'node:path';
import { bench, installed, packageVersion } from './runtimes.mjs';
import { findBun, findDeno, findNode, findNodeVersion, findPython } from './runtimes.mjs';
import { Worker } from './workers.mjs';

const script = join(bench, 'peers', 'worker.mjs');
const python = join(bench, 'peers', 'python.py');

/** A package of Node's world, or Node's own module. */
function onNode(name, adapter, versionOf) {
  return {
    name,
    adapter,
    find() {
      const node = findNode();
      if (node.missing !== undefined) return node;
      const version = versionOf(node);
      if (version === undefined) return { missing: `${name} is not installed in bench/` };
      return { version, command: [node.program, '--expose-gc', script, adapter] };
    },
  };
}

function onRuntime(name, adapter, find, toCommand) {
  return {
    name,
    adapter,
    find() {
      const { program, version, missing } = find();
      return missing === undefined ? { version, command: toCommand(program) } : { missing };
    },
  };
}

const packages = ['execa', 'tinyexec', 'nano-spawn'];

export const peers = {
  reapwell: onNode('reapwell', 'reapwell', packageVersion),
  node: onNode('node:child_process', 'child-process', (node) => node.version),
  ...Object.fromEntries(packages.map((name) => [name, onNode(name, name, () => installed(name))])),
  bun: onRuntime('Bun.spawn', 'bun', findBun, (bun) => [bun, script, 'bun']),
  deno: onRuntime('Deno.Command', 'deno', findDeno, (deno) => [
    ...[deno, 'run', '--allow-all', '--quiet', '--no-config', '--v8-flags=--expose-gc'],
    ...[script, 'deno'],
  ]),
  python: onRuntime('Python subprocess', 'python', findPython, (program) => [program, python]),
  /** The limit; its program is compiled by the question that asks for it. */
  floor: { name: 'C: posix_spawn, waitpid', adapter: 'floor' },
};

export const everyPeer = Object.values(peers);

/** The words of a task in a fixed order: the C program doesn't read JSON. */
const toWords = ({ op, count = 0, concurrency = 1, file = '-', args = [] }) =>
  [op, count, concurrency, file, args[0] ?? '-'].join(' ');

/** Finds a peer; `programs` has what was compiled. */
export function find(peer, programs) {
  if (peer !== peers.floor) return peer.find();
  const { program, missing } = programs.floor;
  return missing === undefined ? { version: 'cc -O2', command: [program] } : { missing };
}

export function startWorker(peer, { command }, options = {}) {
  const encode = peer === peers.floor ? toWords : undefined;
  return new Worker(peer.name, command, { ...options, encode });
}

/** A Node worker with several adapters in one process, on a Node of its own choice. */
export function startMixed(name, adapters, { major, env } = {}) {
  const { program, missing } = major === undefined ? findNode() : findNodeVersion(major);
  if (missing !== undefined) throw new Error(`${name}: ${missing}`);
  // A V8 heap this large is allowed for; what is kept is outside of it.
  return new Worker(name, [program, '--expose-gc', script, ...adapters], { env });
}
