// What a child has from us where no option says otherwise is what we had when the call was made, however
// much later the child is made and whatever we have changed since.
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { describe, expect, onTestFinished, test } from 'vitest';
import { fixture } from '../support/fixture.js';
import { readProbe, temporaryDirectory } from '../support/probe.js';
import { jsonProgram, nodeProgram } from '../support/program.js';

// Ways in which some time passes between the call and the start.
const ways: [string, string][] = [
  ['at once', '{}'],
  ['with a journal, whose record is written first', '{ journal }'],
  [
    'with a scope that can’t be had before the one that can',
    `{ scope: ['cgroup', 'group'], cgroup: { parent: '/nonexistent' } }`,
  ],
];

/**
 * Calls, changes what the statements say, and only then waits; ten times at once, each from where the
 * one before has left off. `call` is an expression that uses `options`.
 */
function changing(way: string, call: string, before: string, change: string): string {
  return `
    import { openJournal, run, spawn } from 'reapwell';
    import { execFileSync } from 'node:child_process';
    import * as os from 'node:os';
    const [probe, directory] = process.argv.slice(2);
    const journal = await openJournal(directory + '/journal');
    const options = ${way};
    const jobs = [];
    for (let i = 0; i < 10; i++) {
      ${before}
      const job = ${call};
      ${change}
      jobs.push(job);
    }
    console.log(JSON.stringify(await Promise.all(jobs)));
    await journal.close();
  `;
}

const probing = `run(probe, [], options).then(({ stdout, error }) => {
  if (error) throw error;
  return JSON.parse(stdout);
})`;

interface Seen {
  cwd: string;
  umask: number;
  nice: number;
  env: string[];
  limits: Record<string, [number | null, number | null]>;
}

function setting() {
  const directory = temporaryDirectory();
  mkdirSync(`${directory}/there`);
  mkdirSync(`${directory}/elsewhere`);
  return directory;
}

describe.each(ways)('%s, a child has our', (_, way) => {
  const see = (directory: string, before: string, change: string) =>
    jsonProgram<Seen[]>(changing(way, probing, before, change), {
      args: [fixture('probe'), directory],
    });

  test('working directory', async () => {
    const directory = setting();
    const seen = await see(
      directory,
      `process.chdir(directory + '/there');`,
      `process.chdir(directory + '/elsewhere');`,
    );
    expect(seen.map(({ cwd }) => cwd)).toEqual(seen.map(() => `${directory}/there`));
  });

  test('file mode mask', async () => {
    const seen = await see(setting(), `process.umask(0o027);`, `process.umask(0o077);`);
    expect(seen.map(({ umask }) => umask)).toEqual(seen.map(() => 0o027));
  });

  test('environment', async () => {
    const seen = await see(
      setting(),
      `process.env.AS_CALLED = 'then' + i;`,
      `process.env.AS_CALLED = 'now';`,
    );
    const values = seen.map(({ env }) => env.find((entry) => entry.startsWith('AS_CALLED=')));
    expect(values).toEqual(seen.map((_each, i) => `AS_CALLED=then${i}`));
  });

  test('limits', async () => {
    const set = (soft: number, core: number) =>
      `execFileSync('prlimit', ['--pid', process.pid, '--nofile=${soft}:', '--core=${core}:']);`;
    const seen = await see(setting(), set(512, 0), set(300, 1));
    expect(seen.map(({ limits }) => limits.nofile![0])).toEqual(seen.map(() => 512));
    expect(seen.map(({ limits }) => limits.core![0])).toEqual(seen.map(() => 0));
  });

  test('niceness', async () => {
    const seen = await see(setting(), '', `os.setPriority(i + 1);`);
    const own = seen[0]!.nice;
    expect(seen.map(({ nice }) => nice)).toEqual(seen.map((_each, i) => own + i));
  });
});

describe.each(ways)(
  '%s, what is relative is so to the working directory of the call:',
  (_, way) => {
    const places = [
      `process.chdir(directory + '/there');`,
      `process.chdir(directory + '/elsewhere');`,
    ];
    const say = (directory: string, call: string) =>
      jsonProgram<string[]>(changing(way, call, places[0]!, places[1]!), {
        args: [fixture('probe'), directory],
      });

    /** Programs of one name that say where they lie. */
    function programs(): string {
      const directory = setting();
      for (const place of ['there', 'elsewhere']) {
        mkdirSync(`${directory}/${place}/bin`);
        for (const file of [`${place}/here`, `${place}/bin/found`]) {
          writeFileSync(`${directory}/${file}`, `#!/bin/sh\necho ${file}\n`);
          chmodSync(`${directory}/${file}`, 0o755);
        }
        writeFileSync(`${directory}/${place}/in`, place);
      }
      return directory;
    }
    const said = (call: string) => `${call}.then(({ stdout, error }) => error?.message ?? stdout)`;

    test('the program', async () => {
      const seen = await say(programs(), said(`run('./here', [], options)`));
      expect(new Set(seen)).toEqual(new Set(['there/here\n']));
    });

    test('an element of PATH', async () => {
      const env = `{ ...options, env: { PATH: 'nowhere:bin:/bin' } }`;
      const seen = await say(programs(), said(`run('found', [], ${env})`));
      expect(new Set(seen)).toEqual(new Set(['there/bin/found\n']));
    });

    test('an empty element of PATH', async () => {
      const seen = await say(
        programs(),
        said(`run('here', [], { ...options, env: { PATH: '' } })`),
      );
      expect(new Set(seen)).toEqual(new Set(['there/here\n']));
    });

    test('the cwd option', async () => {
      const directory = programs();
      const seen = await say(directory, said(`run('/bin/pwd', [], { ...options, cwd: 'bin' })`));
      expect(new Set(seen)).toEqual(new Set([`${directory}/there/bin\n`]));
    });

    test('a file that is read', async () => {
      const stdio = `{ ...options, stdio: [{ file: 'in' }, 'pipe', 'pipe'] }`;
      const seen = await say(programs(), said(`run('cat', [], ${stdio})`));
      expect(new Set(seen)).toEqual(new Set(['there']));
    });

    test('a file that is written, with the mask of the call', async () => {
      const directory = programs();
      const stdio = `{ ...options, stdio: ['ignore', { file: 'out' + i }, 'pipe'] }`;
      const call = said(`run('echo', ['written'], ${stdio})`);
      await jsonProgram(
        changing(
          way,
          call,
          `${places[0]} process.umask(0o027);`,
          `${places[1]} process.umask(0o777);`,
        ),
        { args: [fixture('probe'), directory] },
      );
      for (let i = 0; i < 10; i++) {
        const { mode, size } = statSync(`${directory}/there/out${i}`);
        expect([mode & 0o777, size]).toEqual([0o640, 'written\n'.length]);
      }
    });
  },
);

test('an option is still what the child has', async () => {
  const source = `
    import { run } from 'reapwell';
    const job = run(process.argv[2], [], { umask: 0o007, nice: 7, limits: { nofile: 256 } });
    process.umask(0o077);
    console.log((await job).stdout);
  `;
  const seen = await jsonProgram<Seen>(source, { args: [fixture('probe')] });
  expect(seen).toMatchObject({ umask: 0o007, nice: 7, limits: { nofile: [256, 256] } });
});

test('a working directory that was removed, and one that may no longer be searched', async () => {
  const directory = mkdtempSync(`${tmpdir()}/reapwell-test-`);
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  chmodSync(directory, 0o755);
  mkdirSync(`${directory}/gone`);
  mkdirSync(`${directory}/locked`, { mode: 0o700 });
  const source = `
    import { run } from 'reapwell';
    import { chmodSync, rmdirSync } from 'node:fs';
    const directory = process.argv[2];
    process.chdir(directory + '/gone');
    rmdirSync(directory + '/gone');
    const gone = await run('/bin/readlink', ['/proc/self/cwd']);
    process.chdir(directory + '/locked');
    // The directory stays root's, and we are somebody else from here on.
    if (process.getuid() === 0) process.setuid(65534);
    else chmodSync('.', 0);
    const locked = await run('/bin/readlink', ['/proc/self/cwd']);
    console.log(JSON.stringify([gone, locked].map(({ stdout, error }) => error?.message ?? stdout)));
  `;
  const { stdout, stderr } = await nodeProgram(source, { args: [directory] });
  expect(stderr).toBe('');
  expect(JSON.parse(stdout)).toEqual([`${directory}/gone (deleted)\n`, `${directory}/locked\n`]);
});

test('posixSpawn is over when it returns', async () => {
  const directory = setting();
  const source = `
    import { posix } from 'reapwell';
    const [probe, directory] = process.argv.slice(2);
    process.chdir(directory + '/there');
    const pid = posix.posixSpawn(probe, ['out=' + directory + '/out']);
    process.chdir('/');
    console.log(posix.waitpid(pid).status);
  `;
  const { stdout } = await nodeProgram(source, { args: [fixture('probe'), directory] });
  expect(stdout).toBe('0\n');
  expect(readProbe(`${directory}/out`).cwd).toBe(`${directory}/there`);
});
