// One live supervisor a directory: a lock of its process's, that goes with it, however it ends.
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { describe, expect, onTestFinished, test } from 'vitest';
import { JournalLockedError, openJournal } from '../../src/index.js';
import { fixture } from '../support/fixture.js';
import { temporaryDirectory } from '../support/probe.js';
import { isAlive } from '../support/proc.js';
import { startProgram } from '../support/program.js';
import { waitFor } from '../support/wait-for.js';
import { crash, kill, open, supervise } from './supervisor.js';

async function refusal(dir: string): Promise<JournalLockedError> {
  const error: unknown = await openJournal(dir).then(
    async (journal) => journal.close().then(() => 'opened'),
    (reason: unknown) => reason,
  );
  if (error instanceof JournalLockedError) return error;
  throw new Error(`not refused: ${String(error)}`);
}

describe('a second supervisor is refused, and told who holds it', () => {
  test('in another process', async () => {
    const dir = temporaryDirectory();
    const { program } = await supervise(dir, []);
    const error = await refusal(dir);
    expect(error).toMatchObject({
      name: 'JournalLockedError',
      code: 'ERR_REAPWELL_JOURNAL_LOCKED',
      dir,
      holder: program.pid,
    });
    expect(error.message).toContain(`process ${program.pid}`);
  });

  test('in the same process, however often it asks', async () => {
    const dir = temporaryDirectory();
    const journal = await open(dir);
    // Each refusal must leave the lock alone: closing any descriptor of the file would drop it.
    for (let i = 0; i < 3; i++) expect((await refusal(dir)).holder).toBe(process.pid);
    const told = await outcomeInProcess(dir);
    expect(told).toBe(`ERR_REAPWELL_JOURNAL_LOCKED ${process.pid}`);
    await journal.close();
    expect(await outcomeInProcess(dir)).toBe('opened');
  });

  test('by another name of the directory', async () => {
    const dir = temporaryDirectory();
    await open(dir);
    expect((await refusal(`${dir}/../${dir.split('/').at(-1)}/`)).holder).toBe(process.pid);
  });

  test('in a worker thread', async () => {
    const dir = temporaryDirectory();
    await open(dir);
    const { said } = await openInWorker(dir);
    expect(said).toBe(`ERR_REAPWELL_JOURNAL_LOCKED ${process.pid}`);
  });
});

/** What a process of its own is told. */
async function outcomeInProcess(dir: string): Promise<string> {
  const program = startProgram(
    `
      import { openJournal } from 'reapwell';
      const said = await openJournal(process.argv[2]).then(
        () => 'opened', ({ code, holder }) => code + ' ' + holder);
      console.log(said);
      process.exit();
    `,
    { args: [dir] },
  );
  return program.line(/./);
}

/** A worker that opens the journal, says so, and stays. */
async function openInWorker(dir: string): Promise<{ worker: Worker; said: string }> {
  const index = new URL('../../dist/index.js', import.meta.url).href;
  const worker = new Worker(
    `
      const { parentPort, workerData } = require('node:worker_threads');
      import(workerData.index).then(({ openJournal }) => openJournal(workerData.dir)).then(
        () => 'opened', ({ code, holder }) => code + ' ' + holder,
      ).then((said) => parentPort.postMessage(said));
      setInterval(() => {}, 1000);
    `,
    { eval: true, workerData: { index, dir } },
  );
  onTestFinished(async () => void (await worker.terminate()));
  const [said] = (await once(worker, 'message')) as [string];
  return { worker, said };
}

describe('the lock goes', () => {
  test('with close(), and with the end of its scope', async () => {
    const dir = temporaryDirectory();
    await (await openJournal(dir)).close();
    {
      await using journal = await openJournal(dir);
      expect(journal.dir).toBe(dir);
      await refusal(dir);
    }
    await (await openJournal(dir)).close();
  });

  test('with the end of its worker', async () => {
    const dir = temporaryDirectory();
    const { worker, said } = await openInWorker(dir);
    expect(said).toBe('opened');
    expect((await refusal(dir)).holder).toBe(process.pid);
    await worker.terminate();
    await waitFor(() =>
      openJournal(dir).then(
        (journal) => journal.close().then(() => true),
        () => false,
      ),
    );
  });

  test('with kill -9 of its process, though a child of it lives', async () => {
    const dir = temporaryDirectory();
    const { live } = await crash(dir, [{ file: fixture('ready') }]);
    expect(live()).toHaveLength(1);
    const journal = await open(dir);
    expect(journal.entries()).toMatchObject([{ status: 'running' }]);
    await journal.recover();
  });

  test('with kill -9, though a child of node:child_process lives', async () => {
    const dir = temporaryDirectory();
    const program = startProgram(
      `
        import { spawn } from 'node:child_process';
        import { openJournal } from 'reapwell';
        await openJournal(process.argv[2]);
        const child = spawn('sleep', ['59'], { stdio: 'ignore', detached: true });
        console.log('child ' + child.pid);
        setInterval(() => {}, 1000);
      `,
      { args: [dir] },
    );
    const pid = Number((await program.line(/^child/)).split(' ')[1]);
    onTestFinished(() => {
      if (isAlive(pid)) process.kill(pid, 'SIGKILL');
    });
    await refusal(dir);
    process.kill(program.pid, 'SIGKILL');
    await program.ended;
    expect(isAlive(pid)).toBe(true);
    await open(dir);
  });

  test.skipIf(!canMount())(
    'with kill -9, though a child of it hangs in its exec (needs root and FUSE)',
    async () => {
      // A copy of every descriptor of ours is in that child, until an exec that never comes.
      const dir = temporaryDirectory();
      const program = startProgram(
        `
          import { openJournal, run, spawn } from 'reapwell';
          import { spawn as nodeSpawn } from 'node:child_process';
          import { once } from 'node:events';
          import { children, until } from '../../support/inside.mjs';
          // With the first start goes another child, which tries what the kernel can.
          await run('/bin/true');
          const [dir, mounter, hung] = process.argv.slice(2);
          const mount = nodeSpawn(mounter, [hung], { stdio: [3, 'pipe', 'inherit'], detached: true });
          await once(mount.stdout, 'data');
          const journal = await openJournal(dir);
          const options = { journal, stdio: 'ignore', parentDeathSignal: null };
          spawn(hung + '/program', [], options).catch(() => {});
          await until(() => children().length === 2);
          console.log('hangs ' + children().find((pid) => pid !== mount.pid) + ' ' + mount.pid);
          setInterval(() => {}, 1000);
        `,
        {
          args: [dir, fixture('hung-mount'), temporaryDirectory()],
          // The mount lasts as long as its input, which does not end with the supervisor.
          stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
          under: ['unshare', '--mount'],
        },
      );
      const [child, mount] = (await program.line(/^hangs/)).split(' ').slice(1).map(Number);
      onTestFinished(() => {
        program.child.stdio[3]?.destroy();
        for (const pid of [child!, mount!]) if (isAlive(pid)) process.kill(pid, 'SIGKILL');
      });
      await refusal(dir);
      process.kill(program.pid, 'SIGKILL');
      await once(program.child, 'exit');
      expect(isAlive(child!)).toBe(true);
      const journal = await open(dir);
      expect(journal.entries()).toMatchObject([{ status: 'starting' }]);
      // It has no environment of its own yet: found by its name from birth.
      const [recovered] = await journal.recover({ grace: 50, killWait: 200 });
      expect(recovered!.members).toMatchObject([{ pid: child }]);
    },
  );
});

function canMount(): boolean {
  try {
    accessSync('/dev/fuse', constants.W_OK);
    return process.getuid?.() === 0;
  } catch {
    return false;
  }
}

test('many supervisors at once: one gets it', async () => {
  const dir = temporaryDirectory();
  const attempts = await Promise.all(
    Array.from({ length: 20 }, () => openJournal(dir).catch((error: unknown) => error)),
  );
  const opened = attempts.filter((one) => !(one instanceof Error));
  expect(opened).toHaveLength(1);
  await (opened[0] as Awaited<ReturnType<typeof openJournal>>).close();
  const holder = await supervise(dir, []);
  await refusal(dir);
  await kill(holder);
  await open(dir);
});
