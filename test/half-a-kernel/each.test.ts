// The whole interface, for every scope, under every filter and on every older kernel that a filter can
// imitate, and without the other doorbell as well.
import { describe, test } from 'vitest';
import { all, answers, single, together } from './filters.js';
import { expectAllRight } from './smoke.js';

describe('everything is right', () => {
  test.each(answers([...single, ...together]))('without %s', async (_, under) => {
    await expectAllRight(under);
  });

  // What is left for an exit then is a look now and then.
  test.each(answers([...single.slice(0, 5), all]))(
    'without %s, where SIGCHLD is left alone',
    async (_, under) => {
      await expectAllRight(under, { REAPWELL_SIGCHLD: 'share' });
    },
  );

  test.each(answers([all]))('without %s, and told to do without pidfds', async (_, under) => {
    await expectAllRight(under, { REAPWELL_PIDFD: 'off' });
  });
});
