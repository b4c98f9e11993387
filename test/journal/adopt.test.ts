// Handles of what an earlier supervisor has left, instead of its end.
import { expect, test } from 'vitest';
import { fixture } from '../support/fixture.js';
import { temporaryDirectory } from '../support/probe.js';
import { waitFor } from '../support/wait-for.js';
import { crash, open } from './supervisor.js';

const ready = fixture('ready');

test('a handle works as any other, and its end is recorded', async () => {
  const dir = temporaryDirectory();
  const { children, live } = await crash(dir, [
    { file: ready, args: ['--members=1'], options: { id: 'job' } },
  ]);
  const journal = await open(dir);
  const [recovered] = await journal.recover({ action: 'adopt' });
  expect(recovered).toMatchObject({ outcome: 'adopted', entry: { id: 'job' } });
  const process = recovered!.process!;
  expect(process.pid).toBe(children[0]!.pid);
  expect(process.poll()).toEqual({ state: 'running' });
  expect(process.members()).toHaveLength(2);
  expect(journal.entries()).toMatchObject([{ status: 'running' }]);
  expect(await process.terminate()).toMatchObject({ method: 'sigterm' });
  expect(live()).toEqual([]);
  await waitFor(() => journal.entries()[0]?.status === 'terminated', { what: 'its end' });
  expect(await journal.recover()).toEqual([]);
});

test('an end that nobody asked for is recorded, with no made-up status', async () => {
  const dir = temporaryDirectory();
  const { children } = await crash(dir, [{ file: ready }]);
  const journal = await open(dir);
  const [recovered] = await journal.recover({ action: 'adopt' });
  process.kill(children[0]!.pid, 'SIGKILL');
  const exit = await recovered!.process!.exited;
  const ended = () => journal.entries().find(({ completion }) => completion !== undefined);
  const { status, completion } = await waitFor(ended, { what: 'its end is recorded' });
  expect(status).toBe(exit.known ? 'failed' : 'error');
  expect(completion!.exit).toMatchObject({ known: exit.known, code: null });
});

test('adopted twice, it is the same handle; ended by recover(), it is recorded once', async () => {
  const dir = temporaryDirectory();
  await crash(dir, [{ file: ready }]);
  const journal = await open(dir);
  const [one] = await journal.recover({ action: 'adopt' });
  const [other] = await journal.recover({ action: 'adopt' });
  expect(other!.process).toBe(one!.process);
  expect(await journal.recover()).toMatchObject([{ outcome: 'ended' }]);
  await one!.process!.empty;
  await journal.close();
  const next = await open(dir);
  // Regression: the handle's own end wrote a second completion, and the file counted as damaged.
  expect(next.skipped).toEqual([]);
  expect(next.entries()).toHaveLength(1);
});

test('without its leader it can not be adopted, and is not lost either', async () => {
  const dir = temporaryDirectory();
  const { live } = await crash(dir, [{ file: ready, args: ['--members=1', '--leave=0'] }]);
  const journal = await open(dir);
  expect(await journal.recover({ action: 'adopt' })).toMatchObject([{ outcome: 'survived' }]);
  expect(live()).toHaveLength(1);
  expect(await journal.recover()).toMatchObject([{ outcome: 'ended' }]);
});

test('the record of a tree stays open while somebody who has left the group lives', async () => {
  const dir = temporaryDirectory();
  const { live, children } = await crash(dir, [
    { file: ready, args: ['--members=1', '--member-session'], options: { scope: 'tree' } },
  ]);
  const journal = await open(dir);
  const [recovered] = await journal.recover({ action: 'adopt' });
  await recovered!.process!.terminate();
  await recovered!.process!.empty;
  expect(live().map(({ pid }) => pid)).toEqual(children[0]!.said);
  expect(journal.entries()).toMatchObject([{ status: 'running' }]);
  process.kill(children[0]!.said[0]!, 'SIGKILL');
  await waitFor(() => journal.entries()[0]?.status === 'terminated', { what: 'its end' });
});
