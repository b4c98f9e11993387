// A supervisor that is killed, and the next one.
import assert from 'node:assert/strict';
import { spawn as nodeSpawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openJournal, spawn } from 'reapwell';
import { firstLine, living, numbersIn, programOf, ready, waits, wide } from './support.mjs';

const scopes = ['leader', 'group', ...wide];

export const cases = {
  'a leader, a group and the rest after kill -9': () => recover({ leave: false }),
  'what is left without its leader after kill -9': () => recover({ leave: true }),
};

async function recover(what) {
  const directory = mkdtempSync(join(tmpdir(), 'reapwell-smoke-'));
  const args = [process.argv[1], ready, 'supervise', directory, JSON.stringify(what)];
  const supervisor = nodeSpawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const left = JSON.parse(await firstLine(supervisor.stdout));
  supervisor.kill('SIGKILL');
  await once(supervisor, 'exit');
  assert.equal(living(left).length, left.length);
  const journal = await openJournal(directory);
  const recovered = await journal.recover(waits);
  const outcomes = recovered.map(({ entry, outcome, reason }) => [entry.id, reason ?? outcome]);
  const expected = (what.leave ? scopes.slice(1) : scopes).map((scope) => [scope, 'ended']);
  assert.deepEqual(Object.fromEntries(outcomes), Object.fromEntries(expected));
  assert.deepEqual(living(left), []);
  await journal.close();
  rmSync(directory, { recursive: true });
}

/** Starts one of each scope that nothing but the journal can find, and waits to be killed. */
export async function supervise(directory, { leave }) {
  const journal = await openJournal(directory);
  const left = [];
  for (const scope of leave ? scopes.slice(1) : scopes) {
    const [file, flags] =
      scope === 'leader'
        ? [ready, ['--ignore=TERM']]
        : programOf(scope === 'session' ? 'group' : scope, true);
    const child = await spawn(file, leave ? [...flags, '--leave=0'] : flags, {
      ...{ journal, id: scope, scope, parentDeathSignal: null, onExit: 'leave' },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    left.push(...numbersIn(await firstLine(child.stdout)));
    if (leave) await child.exited;
    else left.push(child.pid);
  }
  console.log(JSON.stringify(left));
  setInterval(() => {}, 1000);
}
