// A recorded leader that had left its group when its supervisor died is found wherever it is: also in
// the group of the supervisor that recovers it, which is not signalled.
import { expect, test } from 'vitest';
import { posix, type Scope } from '../../src/index.js';
import { startReady } from '../children.js';
import { describeScopes } from '../scopes/columns.js';
import { fixture } from '../support/fixture.js';
import { temporaryDirectory } from '../support/probe.js';
import { isAlive, readStat } from '../support/proc.js';
import { waitFor } from '../support/wait-for.js';
import { crash, open } from './supervisor.js';

const scopes: readonly Scope[] = ['leader', 'group', 'tree', 'cgroup'];
const members = ['--members=2'];

describeScopes(scopes, (scope) => {
  const crashWith = async (args: string[]) => {
    const dir = temporaryDirectory();
    const { live, children } = await crash(dir, [
      { file: fixture('leaves-group'), args: ['--to=parent', ...args], options: { scope } },
    ]);
    const { pid } = children[0]!;
    // Its supervisor was in our group, and so is it.
    await waitFor(() => readStat(pid)?.pgid === posix.getpgid(0), { what: 'its leaving' });
    return { journal: await open(dir), live, pid };
  };

  test.each(scope === 'leader' ? [[[]]] : [[[]], [members]])(
    'is ended by force (%j)',
    async (args) => {
      const { child: bystander } = await startReady([], { group: 'inherit' });
      const { journal, live, pid } = await crashWith(args);
      const [recovered] = await journal.recover({ grace: 50 });
      expect(recovered).toMatchObject({
        outcome: 'ended',
        termination: { method: 'sigkill', survivors: [] },
      });
      expect(recovered!.members.map((one) => one.pid)).toContain(pid);
      expect(recovered!.members).toHaveLength(args === members ? 3 : 1);
      expect(live()).toEqual([]);
      expect(bystander.poll()).toEqual({ state: 'running' });
    },
  );

  test('is named when it survives', async () => {
    const { journal, pid } = await crashWith([]);
    const escalation = [{ signal: 'SIGTERM', wait: 100 }] as const;
    const [recovered] = await journal.recover({ escalation });
    expect(recovered).toMatchObject({
      outcome: 'survived',
      members: [{ pid }],
      termination: { method: 'failed', survivors: [{ pid, reason: 'alive' }] },
    });
    // And is not forgotten.
    expect(await journal.recover({ grace: 50 })).toMatchObject([{ outcome: 'ended' }]);
    expect(isAlive(pid)).toBe(false);
  });

  test('is adopted, and ended through the handle', async () => {
    const { journal, pid } = await crashWith([]);
    const [recovered] = await journal.recover({ action: 'adopt' });
    expect(recovered).toMatchObject({ outcome: 'adopted', members: [{ pid }] });
    expect(await recovered!.process!.terminate({ grace: 50 })).toMatchObject({
      method: 'sigkill',
      survivors: [],
    });
    expect(isAlive(pid)).toBe(false);
  });
});
