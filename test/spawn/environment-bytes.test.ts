// What is not UTF-8 in our environment reaches a child byte for byte, whichever way it takes.
import { expect, test } from 'vitest';
import { jsonProgram } from '../support/program.js';

// Valid UTF-8; Latin-1; a lone continuation; a sequence cut off; a surrogate; beyond Unicode; overlong.
const values = ['caf\xc3\xa9', 'caf\xe9', '\x80', 'a\xe2\x82', '\xed\xa0\x80', '\xf5\x80\x80\x80'];
const names = ['GOOD', 'BAD', 'BAD1', 'BAD2', 'BAD3', 'BAD4', 'BAD5'];
const odd = [...values, '\xc0\xaf\xff\xe9!'];

// In Latin-1, so that a character is a byte; env(1) is not asked to take such arguments from JavaScript.
const script = [
  ...names.map((name, index) => `export ${name}="$(printf '${octal(odd[index]!)}')"`),
  'exec "$@"',
].join('\n');
const under = ['sh', '-c', script, 'sh'];

function octal(text: string): string {
  return [...text].map((each) => `\\${each.charCodeAt(0).toString(8).padStart(3, '0')}`).join('');
}

const library = `
  import { readFileSync } from 'node:fs';
  import { SHARE_ENV, Worker, isMainThread, parentPort, workerData } from 'node:worker_threads';
  import { openJournal, posix, run, spawn } from 'reapwell';
  const names = ${JSON.stringify(names)};
  // The values of the child, each character a byte.
  const seen = async (options = {}) => {
    const { stdout, error } = await run('/usr/bin/env', ['-0'], { encoding: 'buffer', ...options });
    if (error) throw error;
    const entries = stdout.toString('latin1').split('\\0');
    const value = (name) => entries.find((entry) => entry.startsWith(name + '='))?.slice(name.length + 1);
    return names.map(value);
  };
`;

async function look<T>(source: string, env: Record<string, string> = {}): Promise<T> {
  return jsonProgram<T>(`${library}${source}`, { under, env });
}

const told = 'console.log(JSON.stringify(all));';

test('as it is, with a cookie, with a list of scopes, by posixSpawn', async () => {
  const seen = await look<unknown[][]>(`
    const all = [
      await seen(), await seen({ scope: 'tree' }), await seen({ scope: ['cgroup', 'tree'] }),
      await seen({ scope: ['cgroup', 'group'] }), await seen({ env: process.env }),
      await seen({ env: process.env, scope: 'tree' }),
    ];
    const file = process.argv[2] ?? '/tmp/reapwell-' + process.pid;
    posix.waitpid(posix.posixSpawn('/usr/bin/env', ['-0'], { stdio: ['ignore', { file }, 2] }), 0);
    const raw = readFileSync(file, 'latin1').split('\\0');
    all.push(names.map((name) => raw.find((each) => each.startsWith(name + '=')).slice(name.length + 1)));
    (await import('node:fs')).unlinkSync(file);
    ${told}`);
  expect(seen).toHaveLength(7);
  for (const each of seen) expect(each).toEqual(odd);
});

test('journalled', async () => {
  const seen = await look<unknown[]>(`
    import { mkdtempSync, rmSync } from 'node:fs';
    const dir = mkdtempSync('/tmp/reapwell-');
    const journal = await openJournal(dir);
    const all = [await seen({ journal }), await seen({ journal, scope: 'tree' })];
    await journal.close();
    rmSync(dir, { recursive: true });
    ${told}`);
  expect(seen).toEqual([odd, odd]);
});

const inWorker = `
  if (!isMainThread) {
    const results = [await seen(), await seen({ scope: 'tree' }), await seen({ env: { ...process.env } })];
    process.env.BAD = 'set';
    delete process.env.BAD1;
    results.push(await seen(), await seen({ scope: 'tree' }));
    parentPort.postMessage(results);
  } else {
`;

test.each(['{}', '{ env: SHARE_ENV }'])('in a worker, and beside one: %s', async (options) => {
  const seen = await look<unknown[][]>(`${inWorker}
      const worker = new Worker(new URL(import.meta.url), ${options});
      const ended = new Promise((resolve) => worker.once('exit', resolve));
      const before = [await seen(), await seen({ scope: 'tree' })];
      // Not while the worker changes what is shared.
      const within = await new Promise((resolve, reject) => {
        worker.once('message', resolve).once('error', reject);
      });
      await ended;
      const all = [...within, ...(${options}.env ? [] : before), await seen()];
      ${told}
    }`);
  const changed = odd.map(
    (value, index) => [value, 'set', null][index === 1 ? 1 : index === 2 ? 2 : 0],
  );
  const shared = options.includes('SHARE');
  expect(seen).toEqual([
    odd,
    odd,
    odd,
    changed,
    changed,
    ...(shared ? [changed] : [odd, odd, odd]),
  ]);
});

test('copied, inherited or picked, for as long as it reads the same', async () => {
  const seen = await look<Record<string, unknown[]>>(`
    const all = {
      spread: await seen({ env: { ...process.env, X: 1 } }),
      inherited: await seen({ env: Object.create(process.env) }),
      marked: await seen({ env: { ...process.env }, scope: 'tree' }),
      picked: await seen({ env: { BAD: process.env.BAD } }),
      changed: await seen({ env: { ...process.env, BAD: process.env.BAD + '!' } }),
      renamed: await seen({ env: { BAD1: process.env.BAD } }),
    };
    const real = process.env;
    process.env = { ...real };
    all.replaced = await seen();
    process.env = real;
    process.env.BAD = 'new';
    delete process.env.BAD1;
    all.later = await seen({ scope: 'tree' });
    process.env.BAD = process.env.BAD2;
    all.last = await seen({ scope: 'tree' });
    ${told}`);
  const none = odd.map(() => null);
  const lossy = 'caf\xef\xbf\xbd';
  expect(seen).toEqual({
    spread: odd,
    inherited: odd,
    marked: odd,
    picked: [null, odd[1], ...none.slice(2)],
    changed: [odd[0], `${lossy}!`, ...odd.slice(2)],
    renamed: [null, null, lossy, ...none.slice(3)],
    replaced: odd,
    later: [odd[0], 'new', null, ...odd.slice(3)],
    last: [odd[0], 'a\xef\xbf\xbd', null, ...odd.slice(3)],
  });
});

test('what has no name, or one that is no text, is passed on from the main thread', async () => {
  const source = `${library}
    const entries = async (options) =>
      (await run('/bin/cat', ['/proc/self/environ'], { encoding: 'buffer', ...options })).stdout
        .toString('latin1').split('\\0').filter((entry) => /^(JUNK|na.e)/.test(entry)).sort();
    const all = [await entries(), await entries({ scope: 'tree' })];
    // Node itself can't copy such an environment for a worker.
    const worker = new Worker('setTimeout(() => {}, 60000)', { eval: true, env: SHARE_ENV });
    all.push(await entries(), await entries({ scope: 'tree' }));
    await worker.terminate();
    ${told}`;
  // Only a program in C or Perl can pass such an environment; Perl wants an equals sign.
  const perl = '$ENV{"na\\xefe"} = "x\\xe9"; exec @ARGV';
  const seen = await jsonProgram<string[][]>(source, { under: ['perl', '-e', perl] });
  expect(seen).toEqual(seen.map(() => ['na\xefe=x\xe9']));
});
