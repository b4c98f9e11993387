// process.on('SIGCHLD') is called as without this library, and may come and go at any time.
import { spawn as spawnNode } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, describe, onTestFinished, test } from 'vitest';
import { spawn } from '../../src/index.js';
import { waitFor } from '../support/wait-for.js';

afterEach(() => process.removeAllListeners('SIGCHLD'));

async function endOneOfNode(): Promise<void> {
  await once(spawnNode('/bin/true', { stdio: 'ignore' }), 'exit');
}

async function endOneOfOurs(): Promise<void> {
  await (
    await spawn('/bin/true', [], { stdio: 'ignore' })
  ).exited;
}

/** Starts and ends children of this library until the test is over. */
function keepBusy(): void {
  let busy = true;
  const lane = async () => {
    while (busy) await endOneOfOurs();
  };
  const lanes = Promise.all([lane(), lane(), lane()]);
  onTestFinished(async () => {
    busy = false;
    await lanes;
  });
}

describe.each([
  ['node:child_process', endOneOfNode],
  ['this library', endOneOfOurs],
])("a child of %s's", (_name, endOne) => {
  test('calls a handler that was added before it started, 100 times anew', async () => {
    for (let round = 0; round < 100; round++) {
      let calls = 0;
      const handler = () => calls++;
      process.on('SIGCHLD', handler);
      await endOne();
      await waitFor(() => calls > 0, { what: `a call of the handler in round ${round}` });
      process.off('SIGCHLD', handler);
    }
  });

  test('calls the handler that stays when another one goes', async () => {
    let stays = 0;
    const handler = () => stays++;
    const leaves = () => undefined;
    process.on('SIGCHLD', handler);
    for (let round = 0; round < 20; round++) {
      process.on('SIGCHLD', leaves);
      const child = endOne();
      process.off('SIGCHLD', leaves);
      const before = stays;
      await child;
      await waitFor(() => stays > before, { what: `a call of the handler in round ${round}` });
    }
  });
});

test('handlers that come and go while this library is busy cost child_process no exit', async () => {
  keepBusy();
  for (let round = 0; round < 300; round++) {
    let calls = 0;
    const handler = () => calls++;
    process.on('SIGCHLD', handler);
    const exit = endOneOfNode();
    if (round % 2 === 0) process.off('SIGCHLD', handler);
    await exit;
    if (round % 2 === 0) continue;
    await waitFor(() => calls > 0, { what: `a call of the handler in round ${round}` });
    process.off('SIGCHLD', handler);
  }
});
