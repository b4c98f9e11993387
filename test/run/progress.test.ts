// onProgress: a sign of life from a job that takes its time.
import { expect, test } from 'vitest';
import { run, type Progress } from '../../src/index.js';

test('is called every progressInterval while the job runs, and not after', async () => {
  const seen: Progress[] = [];
  const script = 'echo 12345; echo 123 >&2; sleep 0.5';
  const { pid, status, durationMs } = await run('/bin/sh', ['-c', script], {
    onProgress: (progress) => seen.push(progress),
    progressInterval: 50,
  });
  expect(status).toBe('completed');
  expect(seen.length).toBeGreaterThan(1);
  for (const progress of seen) expect(progress.pid).toBe(pid);
  const elapsed = seen.map(({ elapsedMs }) => elapsedMs);
  expect(elapsed).toEqual([...elapsed].sort((a, b) => a - b));
  expect(elapsed.at(-1)).toBeLessThanOrEqual(durationMs);
  expect(seen.at(-1)).toMatchObject({ stdoutBytes: 6, stderrBytes: 4 });
  expect(seen.at(-1)?.usage.maxRssBytes).toBeGreaterThan(0);
  const calls = seen.length;
  await run('/bin/sleep', ['0.2']);
  expect(seen).toHaveLength(calls);
});

test('is not called for a job that is over before', async () => {
  let calls = 0;
  await run('/bin/true', [], { onProgress: () => calls++, progressInterval: 20_000 });
  expect(calls).toBe(0);
});

test('is called while the escalation goes on', async () => {
  const seen: number[] = [];
  const completion = await run(
    '/bin/sh',
    ['-c', 'trap "" TERM; echo ready; while :; do sleep 1; done'],
    {
      timeout: 100,
      grace: 300,
      onProgress: ({ elapsedMs }) => seen.push(elapsedMs),
      progressInterval: 40,
    },
  );
  expect(completion).toMatchObject({ status: 'timeout', termination: { method: 'sigkill' } });
  expect(seen.filter((elapsed) => elapsed > 150).length).toBeGreaterThan(1);
});
