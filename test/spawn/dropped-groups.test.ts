// Whoever becomes another user leaves our supplementary groups behind, as with node:child_process.
import { spawnSync } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { expect, test } from 'vitest';
import { temporaryDirectory } from '../support/probe.js';
import { jsonProgram } from '../support/program.js';

const isRoot = process.getuid?.() === 0;
const canMakeUsers = spawnSync('unshare', ['-Ur', 'true']).status === 0;

interface Seen {
  /** What `id -G` said of the child, by `run`. */
  ours: string;
  /** The same by posixSpawn. */
  raw: string;
  /** And by node:child_process. */
  theirs: string;
}

const program = `
  import { spawnSync } from 'node:child_process';
  import { readFileSync } from 'node:fs';
  import { posix, run } from 'reapwell';
  const file = process.env.PROOF;
  const raw = (options) => {
    try {
      const stdio = ['ignore', { file }, 'inherit'];
      posix.waitpid(posix.posixSpawn('id', ['-G'], { ...options, stdio }), 0);
      return readFileSync(file, 'utf8').trim();
    } catch (error) {
      return error.syscall + ' ' + error.code;
    }
  };
  const seen = [];
  for (const options of process.argv.slice(2).map(JSON.parse)) {
    const { stdout, error } = await run('id', ['-G'], options);
    const theirs = spawnSync('id', ['-G'], options);
    seen.push({
      ours: error ? error.syscall + ' ' + error.code : stdout.trim(),
      raw: raw(options),
      theirs: theirs.error ? theirs.error.code : String(theirs.stdout).trim(),
    });
  }
  console.log(JSON.stringify(seen));
`;

function look(under: string[], ...options: object[]): Promise<Seen[]> {
  const directory = temporaryDirectory();
  chmodSync(directory, 0o777);
  const args = options.map((each) => JSON.stringify(each));
  return jsonProgram<Seen[]>(program, { under, args, env: { PROOF: `${directory}/proof` } });
}

const alike = (groups: string): Seen => ({ ours: groups, raw: groups, theirs: groups });

test.runIf(isRoot)('a user or a group that is named drops them', async () => {
  const seen = await look(
    ['setpriv', '--groups', '0,27,999'],
    { uid: 65534, gid: 65534 },
    { uid: 65534 },
    { gid: 65534 },
    { uid: 0, gid: 0 },
    {},
  );
  expect(seen).toEqual([alike('65534'), alike('0'), alike('65534'), alike('0'), alike('0 27 999')]);
});

test.runIf(isRoot)('groups that are named are what the child gets', async () => {
  const seen = await look(
    ['setpriv', '--groups', '0,27,999'],
    { uid: 65534, gid: 65534, groups: [27, 5] },
    { uid: 65534, gid: 65534, groups: [] },
    { groups: [5] },
  );
  expect(seen.map(({ ours, raw }) => [ours, raw])).toEqual([
    ['65534 5 27', '65534 5 27'],
    ['65534', '65534'],
    ['0 5', '0 5'],
  ]);
});

// Libuv goes on with the groups that it could not drop.
test.runIf(isRoot)('who may change its user but not its groups is refused', async () => {
  const under = ['setpriv', '--groups', '0,27', '--bounding-set', '-setgid'];
  const [seen] = await look(under, { uid: 65534 });
  expect(seen).toMatchObject({ ours: 'setgroups EPERM', raw: 'setgroups EPERM' });
});

test.runIf(isRoot)('an unprivileged user that names itself keeps its groups', async () => {
  const under = ['setpriv', '--reuid', '65534', '--regid', '65534', '--groups', '27,999'];
  const own = alike('65534 27 999');
  expect(await look(under, { uid: 65534, gid: 65534 }, { uid: 65534 }, { gid: 65534 })).toEqual([
    own,
    own,
    own,
  ]);
});

test.runIf(canMakeUsers)('nor need it where no groups may be set at all', async () => {
  const [root, other] = await look(['unshare', '-Ur'], { uid: 0, gid: 0 }, { uid: 1 });
  expect(root?.ours).toBe(root?.theirs);
  expect(root?.raw).toBe(root?.theirs);
  expect(other).toMatchObject({ ours: 'setuid EINVAL', raw: 'setuid EINVAL' });
});
