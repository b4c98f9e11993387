// Where each contender of the hostile jobs runs, and in which version; or why it can't.
import { bench, findBun, findNode, installed, packageVersion } from '../lib/runtimes.mjs';

const firstLine = (error) => String(error.message).split('\n')[0];

/** The program of a Node that all contenders can run on. */
export function requireNode() {
  const { program, missing } = findNode();
  if (missing !== undefined) {
    throw new Error(`execa needs Node 22, this is ${process.version}, and in ${bench} ${missing}`);
  }
  return program;
}

/** Where and in which version a contender runs; or `missing`, saying why it can't. */
export async function provide(contender, node) {
  if (contender.runtime === 'bun') return findBun();
  if (contender.packageName !== undefined) {
    const version = installed(contender.packageName);
    if (version === undefined) return { missing: `${contender.packageName} is not installed` };
    return { program: node, version };
  }
  if (contender.name.startsWith('node:')) return { program: node, version: findNode().version };
  try {
    const { capabilities } = await import('../../dist/index.js');
    const { cgroup } = capabilities();
    if (contender.cgroup === true && !usable(cgroup)) {
      return { missing: `no cgroup can be made here: ${JSON.stringify(cgroup)}` };
    }
  } catch (error) {
    return { missing: firstLine(error) };
  }
  return { program: node, version: packageVersion() };
}

const usable = (cgroup) => cgroup.writable === true;
