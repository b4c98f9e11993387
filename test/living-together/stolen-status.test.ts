// Somebody else in this process takes our children's statuses. Then an exit is the true one, where
// the kernel still tells it, or unknown: never an invented one, and never awaited for ever.
import { describe, expect, test } from 'vitest';
import { capabilities, type Completion, type Exit } from '../../src/index.js';
import { fixture } from '../support/fixture.js';
import { jsonProgram } from '../support/program.js';

interface Outcome {
  pid: number;
  how: 'code' | 'signal';
  number: number;
  exit: Omit<Exit, 'usage'>;
  polled: unknown;
  terminated: string;
  killed: boolean;
}

interface Theft {
  children: Outcome[];
  completion: Completion;
  stolen: [pid: number, status: number][];
}

const count = 400;

const trueExit = ({ how, number }: Outcome) =>
  how === 'code' ? { code: number, signal: null } : { code: null, signal: 'SIGKILL' };

test('a foreign waitpid(-1) in a loop makes no exit false, and none hang', async () => {
  const theft = await jsonProgram<Theft>("import '../../fixtures/thief.mjs';", {
    args: [fixture('exit-with'), `${count}`],
  });
  expect(theft.children).toHaveLength(count);
  expect(theft.stolen.length).toBeGreaterThan(0);
  const stolen = new Set(theft.stolen.map(([pid]) => pid));
  for (const child of theft.children) {
    const { exit, polled, terminated, killed } = child;
    if (exit.known) {
      expect(exit).toMatchObject(trueExit(child));
    } else {
      expect(exit).toMatchObject({ code: null, signal: null, coreDumped: false });
      expect(stolen).toContain(child.pid);
    }
    expect(polled).toEqual({ state: 'exited', exit });
    expect({ terminated, killed }).toEqual({ terminated: 'not_running', killed: false });
  }
  if (capabilities().pidfdExitStatus) {
    expect(theft.children.filter(({ exit }) => !exit.known)).toEqual([]);
  }
  const { completion } = theft;
  if (completion.exit?.known === true) expect(completion.status).toBe('failed');
  else expect(completion.status).toBe('error');
});

describe('SIGCHLD set to SIG_IGN by another addon', () => {
  test.each(['before the first spawn', 'while children live'])(
    '%s: exits are true or unknown, and arrive',
    async (when) => {
      const exits = await jsonProgram<{ code: number; exit: Exit }[]>(
        `
          import { spawn } from 'reapwell';
          const [when, addon, exitWith] = process.argv.slice(2);
          const ignore = () => process.dlopen({ exports: {} }, addon);
          if (when === 'before the first spawn') ignore();
          const early = await spawn('/bin/cat');
          if (when !== 'before the first spawn') ignore();
          early.stdin.end();
          const exits = [{ code: 0, exit: await early.exited }];
          for (let code = 0; code < 10; code++) {
            const child = await spawn(exitWith, ['code', String(code)]);
            exits.push({ code, exit: await child.exited });
            await child.empty;
          }
          console.log(JSON.stringify(exits));
        `,
        {
          args: [when, fixture('on-load'), fixture('exit-with')],
          env: { ON_LOAD: 'ignore-sigchld' },
        },
      );
      expect(exits).toHaveLength(11);
      for (const { code, exit } of exits) {
        expect(exit).toMatchObject({ code: exit.known ? code : null, signal: null });
        if (capabilities().pidfdExitStatus) expect(exit.known).toBe(true);
      }
    },
  );
});
