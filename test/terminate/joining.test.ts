// Several calls of terminate(): one escalation, which a later call can only bring forward.
import { describe, expect, test } from 'vitest';
import { start, startReady } from '../children.js';
import { waitFor } from '../support/wait-for.js';

test('concurrent calls join one escalation and get one result', async () => {
  const { child } = await startReady(['--ignore=TERM']);
  const terminations = await Promise.all([
    child.terminate({ eofWait: 20, grace: 50 }),
    child.terminate({ eofWait: 20, grace: 50 }),
    child.terminate({ eofWait: 20, grace: 50 }),
  ]);
  for (const termination of terminations) expect(termination).toEqual(terminations[0]);
  expect(terminations[0].steps.map(({ step }) => step)).toEqual(['eof', 'sigterm', 'sigkill']);
});

test('and the child gets each signal once', async () => {
  const script = 'trap "echo term" TERM; echo ready; while :; do sleep 0.02; done';
  const child = await start('/bin/sh', ['-c', script], { stdio: ['ignore', 'pipe', 'ignore'] });
  let said = '';
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => (said += chunk));
  await waitFor(() => said === 'ready\n');
  const first = child.terminate({ grace: 300 });
  await waitFor(() => said.includes('term'));
  await Promise.all([first, child.terminate({ grace: 300 }), child.terminate({ grace: 300 })]);
  expect(said).toBe('ready\nterm\n');
});

describe('a later call', () => {
  test('shortens the step that is under way', async () => {
    const { child } = await startReady(['--ignore=TERM']);
    const first = child.terminate({ eofWait: 0, grace: Infinity });
    await child.wait({ timeout: 100 }).catch(() => undefined);
    const second = child.terminate({ eofWait: 0, grace: 10 });
    expect(await second).toMatchObject({ method: 'sigkill' });
    expect(await first).toEqual(await second);
  });

  test('shortens steps that are still to come', async () => {
    const { child } = await startReady(['--ignore=TERM']);
    const first = child.terminate({ eofWait: 100, grace: Infinity });
    void child.terminate({ eofWait: 100, grace: 10 });
    expect(await first).toMatchObject({ method: 'sigkill' });
  });

  test('does not lengthen them', async () => {
    const { child } = await startReady(['--ignore=TERM']);
    const first = child.terminate({ eofWait: 10, grace: 10 });
    const second = child.terminate({ eofWait: Infinity, grace: Infinity });
    expect(await first).toMatchObject({ method: 'sigkill' });
    expect(await second).toEqual(await first);
  });

  test('that comes after the end starts no new one', async () => {
    const { child } = await startReady();
    await child.terminate({ eofWait: 10 });
    expect(await child.terminate()).toMatchObject({ method: 'not_running', steps: [] });
  });
});

describe('a failed escalation', () => {
  test('names the survivors, and what keeps them', async () => {
    const { child, members } = await startReady(['--ignore=TERM', '--members=1']);
    const termination = await child.terminate({ escalation: [{ signal: 'SIGTERM', wait: 100 }] });
    expect(termination).toMatchObject({
      method: 'failed',
      steps: [{ step: 'sigterm', delivered: true, ended: false }],
      survivors: [{ pid: child.pid, pgid: child.pid, command: 'ready', reason: 'alive' }],
    });
    // It had heeded the signal.
    expect(termination.survivors.map(({ pid }) => pid)).not.toContain(members[0]);
    expect(child.poll()).toEqual({ state: 'running' });
  });

  test('can be called again, and then anew', async () => {
    const { child } = await startReady(['--ignore=TERM']);
    const escalation = [{ signal: 'SIGTERM', wait: 20 }] as const;
    expect(await child.terminate({ escalation })).toMatchObject({ method: 'failed' });
    expect(await child.terminate({ escalation })).toMatchObject({ method: 'failed' });
    expect(await child.terminate({ eofWait: 0, grace: 0 })).toMatchObject({ method: 'sigkill' });
  });
});
