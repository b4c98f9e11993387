// Runs the tests of what Node does differently from version to version (streams, lines, async
// context, timers, the examples of the docs) on each supported Node but the running one, which
// `npm test` is for. Nodes that can't be had are reported as skipped.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isRunning, majors, provideNode } from './lib/provide-node.mjs';

/** As vitest takes them: parts of paths. */
const tests = [
  'test/async-context',
  'test/clock',
  'test/docs',
  'test/fuzz',
  'test/output',
  'test/run',
  'test/spawn/environment',
  'test/spawn/error-stacks',
  'test/stdio',
  'test/workers-and-teardown',
];

const root = fileURLToPath(new URL('..', import.meta.url));
const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');

for (const major of majors) {
  if (isRunning(major)) continue;
  const { node, reason } = provideNode(major, join(root, 'test', '.build', 'nodes'));
  if (node === undefined) {
    console.log(`skipped: tests on node ${major} (${reason})`);
    continue;
  }
  console.log(`\n--- tests on node ${major}`);
  const command = [vitest, 'run', '--project', 'default', ...tests];
  const { status } = spawnSync(node, command, { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exitCode = 1;
}
