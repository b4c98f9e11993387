// The whole interface, for every scope, where a filter refuses what it is built on. The calls that
// container runtimes are known to refuse; every other one by itself is in each.test.ts, which takes
// minutes.
import { expect, test } from 'vitest';
import { nodeProgram } from '../support/program.js';
import { all, answers, single } from './filters.js';
import { expectAllRight } from './smoke.js';

const usual = [
  ...single.filter(({ names }) => /^pidfd_(open|send_signal)$/.test(names.join())),
  all,
];

test.each(answers(usual))('everything is right without %s', async (_, under) => {
  await expectAllRight(under);
});

test('everything is right with all of it', async () => {
  await expectAllRight([]);
});

test('the filter refuses what it is told to', async () => {
  const source = `
    import { posix } from 'reapwell';
    try { posix.pidfdOpen(process.pid); } catch (error) { console.log(error.code); }
  `;
  for (const [spec, code] of [
    ['pidfd_open', 'ENOSYS'],
    ['pidfd_open=EPERM', 'EPERM'],
    ['pidfd_send_signal,all=EPERM', 'EPERM'],
    ['clone3,pidfd_open=EINVAL', 'EINVAL'],
  ] as const) {
    const { stdout } = await nodeProgram(source, { under: [answers([all])[0]![1][0]!, spec] });
    expect(stdout).toBe(`${code}\n`);
  }
});
