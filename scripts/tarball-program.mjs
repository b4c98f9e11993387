// What test-tarball.mjs runs in an empty project: a user's first program. It must use
// nothing but the package. Its argument names the folder that the addon must come from.
import assert from 'node:assert/strict';
import { run, spawn } from 'reapwell';

const child = await spawn('/bin/sh', ['-c', 'exit 7']);
assert.equal((await child.exited).code, 7);

const completion = await run('/bin/sh', ['-c', 'echo out; echo err >&2; exit 3']);
assert.equal(completion.status, 'failed');
assert.equal(completion.exit?.code, 3);
assert.equal(completion.stdout, 'out\n');

// `reapwell/otel` asks for its peer, and nothing else of the package does.
const hasPeer = await import('@opentelemetry/api').then(
  () => true,
  () => false,
);
if (hasPeer) {
  const { instrument } = await import('reapwell/otel');
  const instrumentation = instrument();
  assert.equal((await run('/bin/true')).status, 'completed');
  instrumentation.disable();
} else {
  await assert.rejects(import('reapwell/otel'), /@opentelemetry\/api/);
}

const loaded = process.report.getReport().sharedObjects.filter((file) => file.endsWith('.node'));
assert.equal(loaded.length, 1, `one addon, not ${loaded.join(', ')}`);
assert.ok(loaded[0].includes(`/node_modules/reapwell/${process.argv[2]}/`), loaded[0]);
const peer = hasPeer ? 'with' : 'without';
console.log(
  `node ${process.version}: spawned, reaped and captured through ${process.argv[2]}/, ${peer} OpenTelemetry`,
);
