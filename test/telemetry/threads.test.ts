// Channels belong to their thread: each hears of its own children, and ids of runs are never shared.
import { expect, test } from 'vitest';
import { jsonProgram } from '../support/program.js';

interface Heard {
  files: string[];
  runIds: string[];
}

test('the main thread and a worker each hear of their own runs', async () => {
  const { main, worker } = await jsonProgram<{ main: Heard; worker: Heard }>(`
    import { isMainThread, parentPort, Worker } from 'node:worker_threads';
    import { once } from 'node:events';
    import { channels, run } from 'reapwell';
    const files = [];
    const runIds = [];
    channels['reapwell:spawn'].subscribe(({ file, runId }) => {
      files.push(file);
      runIds.push(runId);
    });
    if (isMainThread) {
      const thread = new Worker(new URL(import.meta.url));
      const said = once(thread, 'message');
      await run('/bin/true');
      const [worker] = await said;
      console.log(JSON.stringify({ main: { files, runIds }, worker }));
    } else {
      await run('/bin/false');
      parentPort.postMessage({ files, runIds });
    }
  `);
  expect(main.files).toEqual(['/bin/true']);
  expect(worker.files).toEqual(['/bin/false']);
  expect(main.runIds[0]).not.toBe(worker.runIds[0]);
});
