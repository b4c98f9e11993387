// More output than can be returned: an 'error', with as much as can be, and a record that is closed.
import { expect, test } from 'vitest';
import { openJournal, OutputTooLongError, run } from '../../src/index.js';
import { temporaryDirectory } from '../support/probe.js';

test('540 MB of text', async () => {
  await using journal = await openJournal(temporaryDirectory());
  const options = { maxBuffer: Infinity, journal, id: 'long' };
  const completion = await run('/usr/bin/head', ['-c', '540000000', '/dev/zero'], options);
  const { error, exit, truncated, omittedBytes, stdout, status } = completion;
  expect({ status, code: exit?.code, truncated }).toEqual({
    status: 'error',
    code: 0,
    truncated: true,
  });
  expect(error).toBeInstanceOf(OutputTooLongError);
  expect(error).toMatchObject({ code: 'ERR_REAPWELL_OUTPUT_TOO_LONG' });
  expect(stdout.length + omittedBytes).toBe(540_000_000);
  expect(omittedBytes).toBeLessThan(5_000_000);
  const [entry] = journal.entries();
  expect(entry).toMatchObject({
    id: 'long',
    status: 'error',
    completion: { truncated: true, omittedBytes, error: { code: 'ERR_REAPWELL_OUTPUT_TOO_LONG' } },
  });
  // The id is free again.
  expect(await run('/bin/true', [], options)).toMatchObject({ status: 'completed' });
});
