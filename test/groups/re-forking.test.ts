// A group whose members fork and leave all the time has no list that is true of it. The pipe that all
// of them hold tells the truth here: it ends when the last one has gone.
import { expect, test } from 'vitest';
import { start } from '../children.js';
import { fixture } from '../support/fixture.js';
import { waitFor } from '../support/wait-for.js';

async function startForking(seconds: number) {
  const child = await start(fixture('re-forks'), ['20', `${seconds}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const truth = { allGone: false };
  child.stdout?.resume().on('end', () => (truth.allGone = true));
  await child.exited;
  return { child, truth };
}

test('it is not called empty while it lives', async () => {
  for (let round = 0; round < 3; round++) {
    const { child, truth } = await startForking(2);
    await child.empty;
    // What was written last may be read a moment later, but not a second.
    await waitFor(() => truth.allGone, { timeout: 500, what: 'the end of what was called empty' });
    expect(child.members()).toEqual([]);
  }
});

test('it is ended whole, although it ignores SIGTERM', async () => {
  for (let round = 0; round < 3; round++) {
    const { child, truth } = await startForking(20);
    expect(await child.terminate({ grace: 200 })).toMatchObject({
      method: 'sigkill',
      survivors: [],
    });
    await waitFor(() => truth.allGone, { timeout: 500, what: 'the end of what was called ended' });
  }
});
