// Every part of the public interface once, for every scope, in one process: for kernels and filters
// that lack something.
//
//   main.mjs READY         READY: what test/fixtures/ready.cc was compiled to
//
// Prints {"capabilities": …, "cases": {"NAME": "right" | why not}}. Run as `main.mjs READY supervise
// DIRECTORY WHAT` it is a supervisor that one of the cases kills.
import assert from 'node:assert/strict';
import { capabilities, configure, run } from 'reapwell';
import { children, until } from '../../support/inside.mjs';
import * as recovery from './recovery.mjs';
import * as scopes from './scopes.mjs';
import * as single from './single.mjs';
import * as strangers from './strangers.mjs';

const [, role, directory, what] = process.argv.slice(2);
const cases = { ...single.cases, ...scopes.cases, ...strangers.cases, ...recovery.cases };

async function orphansComeHome() {
  configure({ subreaper: true });
  const script = '(setsid sleep 0.05 &) ; (sleep 0.05 &) ; exit 0';
  const options = { stragglers: 'leave', stdio: 'ignore' };
  for (let i = 0; i < 10; i++) await run('/bin/sh', ['-c', script], options);
  await nobodyIsLeft();
}

async function nobodyIsLeft() {
  const isAlone = await until(() => children().length === 0);
  assert.ok(isAlone, `children left: ${children()}`);
}

async function judge(check) {
  try {
    await check();
    return 'right';
  } catch (error) {
    return String(error.stack);
  }
}

if (role === 'supervise') {
  await recovery.supervise(directory, JSON.parse(what));
} else {
  const told = {};
  const all = Object.entries(cases);
  await Promise.all(all.map(async ([name, check]) => (told[name] = await judge(check))));
  told['nobody is left'] = await judge(nobodyIsLeft);
  // Last, since it makes other processes' children our own.
  told['orphans come home'] = await judge(orphansComeHome);
  console.log(JSON.stringify({ capabilities: capabilities(), cases: told }));
}
