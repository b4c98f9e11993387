// exitOnSignals: the first signal ends everything and then us, by that very signal; a second one kills.
// With a real ^C in a real terminal, whose foreground job is the program; its children are in groups of
// their own, which the terminal does not signal.
import { describe, expect, onTestFinished, test } from 'vitest';
import { exitOnSignals } from '../../src/index.js';
import { killMarked, makeMark, marked } from '../scopes/marked.js';
import { fixture } from '../support/fixture.js';
import { startProgram, type Program, type ProgramOptions } from '../support/program.js';
import { waitFor } from '../support/wait-for.js';

/** Starts a job that ignores what can be ignored, a member that left its group too, and says "ready". */
const source = (options: string, more = '') => `
  import { exitOnSignals, run, spawn } from 'reapwell';
  exitOnSignals(${options});
  ${more}
  const script = 'trap "" TERM INT HUP; setsid sleep 60 & sleep 60 & echo; wait; while :; do sleep 1; done';
  const child = await spawn('/bin/sh', ['-c', script], {
    stdio: ['ignore', 'pipe', 'ignore'], scope: 'tree',
  });
  void run('/bin/sleep', ['60']);
  child.stdout.once('data', () => console.log('ready'));
`;

const quick = '{ eofWait: 0, grace: 200, killWait: 2000 }';
const patient = '{ eofWait: 0, grace: 60_000 }';

async function supervisor(
  text: string,
  options: ProgramOptions = {},
): Promise<{ program: Program; mark: string }> {
  const mark = makeMark();
  onTestFinished(() => killMarked(mark));
  const [name, value] = mark.split('=') as [string, string];
  const program = startProgram(text, { ...options, env: { [name]: value } });
  // What is typed when it has ended already.
  program.child.stdin?.on('error', () => undefined);
  await program.line(/^ready/);
  return { program, mark };
}

/** Whoever was killed in our last moment may take another one to be gone. */
const gone = (mark: string): Promise<unknown> =>
  waitFor(() => marked(mark).length === 0, { what: 'the end of all that it had started' });

describe.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('%s from outside', (signal) => {
  test('ends everything, and then us by it', async () => {
    const { program, mark } = await supervisor(source(quick));
    process.kill(program.pid, signal);
    expect(await program.ended).toMatchObject({ code: null, signal });
    await gone(mark);
  });

  test('comes twice: everything is killed at once', async () => {
    const { program, mark } = await supervisor(
      source(patient, `process.on('${signal}', () => console.log('heard'));`),
    );
    process.kill(program.pid, signal);
    await program.line(/^heard/);
    // The same signal within 50 ms is the first one.
    const heard = () => program.stdout.match(/heard/g)!.length;
    await waitFor(() => {
      if (program.child.exitCode === null && program.child.signalCode === null) {
        process.kill(program.pid, signal);
      }
      return program.child.signalCode !== null || heard() > 50;
    });
    expect(await program.ended).toMatchObject({ code: null, signal });
    await gone(mark);
  });
});

describe('in a terminal', () => {
  const terminal = {
    under: [fixture('in-terminal')],
    stdio: ['pipe', 'pipe', 'pipe'],
  } satisfies ProgramOptions;

  test('^C ends everything, and then us by SIGINT', async () => {
    const { program, mark } = await supervisor(source(quick), terminal);
    program.child.stdin!.write('\x03');
    expect((await program.ended).stdout).toMatch(/^ended by signal 2$/m);
    await gone(mark);
  });

  test('a second ^C does not wait for the grace period', async () => {
    const { program, mark } = await supervisor(
      source(patient, "process.on('SIGINT', () => console.log('heard'));"),
      terminal,
    );
    program.child.stdin!.write('\x03');
    await program.line(/heard/);
    await waitFor(() => {
      program.child.stdin!.write('\x03');
      return program.child.exitCode !== null || program.stdout.includes('ended by');
    });
    expect((await program.ended).stdout).toMatch(/^ended by signal 2$/m);
    await gone(mark);
  });

  test('that is closed: SIGHUP', async () => {
    const { program, mark } = await supervisor(source(quick), terminal);
    program.child.stdin!.end();
    expect((await program.ended).stdout).toMatch(/^ended by signal 1$/m);
    await gone(mark);
  });

  // The negative control: without it an interrupted program leaves who ignores its parent's death.
  test('without it, ^C leaves them', async () => {
    const { program, mark } = await supervisor(
      source(quick).replace(/exitOnSignals\(.*\);/, ''),
      terminal,
    );
    program.child.stdin!.write('\x03');
    expect((await program.ended).stdout).toMatch(/^ended by signal 2$/m);
    expect(marked(mark).length).toBeGreaterThan(0);
  });
});

test('what the program does at its exit is still done', async () => {
  const { program } = await supervisor(
    source(quick, "process.on('exit', (code) => console.log('exit', code));"),
  );
  process.kill(program.pid, 'SIGTERM');
  const { signal, stdout } = await program.ended;
  expect({ signal, stdout }).toEqual({ signal: 'SIGTERM', stdout: 'ready\nexit 143\n' });
});

test('undone, a signal ends us as ever, and nothing else happens', async () => {
  const { program } = await supervisor(
    `
    import { exitOnSignals } from 'reapwell';
    exitOnSignals()();
    { using undone = exitOnSignals(); }
    console.log('ready', process.listenerCount('SIGINT'));
    setInterval(() => {}, 1000);
  `.replace('{ using undone = exitOnSignals(); }', 'exitOnSignals()[Symbol.dispose]();'),
  );
  expect(program.stdout).toBe('ready 0\n');
  process.kill(program.pid, 'SIGTERM');
  expect(await program.ended).toMatchObject({ signal: 'SIGTERM' });
});

test.skipIf(process.getuid?.() !== 0)(
  'as the first process of a pid namespace, which a signal does not end, by exit code (needs root)',
  async () => {
    const { program, mark } = await supervisor(
      source(quick, "setTimeout(() => process.kill(process.pid, 'SIGTERM'), 500);"),
      { under: ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child'] },
    );
    expect(await program.ended).toMatchObject({ code: 143, signal: null });
    await gone(mark);
  },
);

test('in a worker it is refused', async () => {
  const program = startProgram(`
    import { isMainThread, Worker } from 'node:worker_threads';
    import { fileURLToPath } from 'node:url';
    import { exitOnSignals } from 'reapwell';
    if (isMainThread) new Worker(fileURLToPath(import.meta.url));
    else try { exitOnSignals(); } catch (error) { console.log(error.code); }
  `);
  expect((await program.ended).stdout).toBe('ERR_WORKER_UNSUPPORTED_OPERATION\n');
});

test.each([
  [{ signals: [] }, 'ERR_INVALID_ARG_VALUE'],
  [{ signals: ['SIGKILL'] }, 'ERR_INVALID_ARG_VALUE'],
  [{ signals: ['SIGNOT'] }, 'ERR_UNKNOWN_SIGNAL'],
  [{ signals: 'SIGINT' }, 'ERR_INVALID_ARG_TYPE'],
  [{ grace: NaN }, 'ERR_OUT_OF_RANGE'],
  [{ graze: 1 }, 'ERR_INVALID_ARG_VALUE'],
  [null, 'ERR_INVALID_ARG_TYPE'],
])('%o is refused', (options, code) => {
  const before = process.listenerCount('SIGINT');
  expect(() => exitOnSignals(options as never)).toThrow(expect.objectContaining({ code }));
  expect(process.listenerCount('SIGINT')).toBe(before);
});
