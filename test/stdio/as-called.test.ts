// A descriptor that a call names is the child's as it was in the call: its caller may close it, and the
// number may be something else's, as soon as the call has returned.
import { once } from 'node:events';
import {
  closeSync,
  createReadStream,
  createWriteStream,
  existsSync,
  openSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openJournal, run, spawn, type StdioEntry } from '../../src/index.js';
import { endWithTest, temporaryDirectory } from '../support/probe.js';
import { openDescriptors } from '../support/proc.js';

interface Setting {
  directory: string;
  log: string;
  other: string;
}

function setting(): Setting {
  const directory = temporaryDirectory();
  return { directory, log: `${directory}/a.log`, other: `${directory}/b.txt` };
}

const read = (file: string) => (existsSync(file) ? readFileSync(file, 'utf8') : '');

/** Takes the numbers that have become free; they are the children's who still look at numbers. */
function takeNumbers(file: string): void {
  const fds = Array.from({ length: 8 }, () => openSync(file, 'w'));
  onTestFinished(() => fds.forEach((fd) => closeSync(fd)));
}

const script = 'echo secret >&"$0"';

/** Where the entry goes: one of the standard streams, and an extra one. */
const places: [string, number][] = [
  ['standard output', 1],
  ['an extra descriptor', 5],
];

function arrangement(entry: StdioEntry, index: number): StdioEntry[] {
  const stdio: StdioEntry[] = ['ignore', 'ignore', 'ignore', null, null, null];
  stdio[index] = entry;
  return stdio;
}

describe.each(places)('closed after the call, as %s', (_, index) => {
  const start = (entry: StdioEntry) =>
    run('/bin/sh', ['-c', script, String(index)], { stdio: arrangement(entry, index) });

  async function expectSecret({ log, other }: Setting, job: ReturnType<typeof start>) {
    takeNumbers(other);
    expect(await job).toMatchObject({ status: 'completed' });
    expect([read(log), read(other)]).toEqual(['secret\n', '']);
  }

  test('a number', async () => {
    const files = setting();
    const fd = openSync(files.log, 'w');
    const job = start(fd);
    closeSync(fd);
    await expectSecret(files, job);
  });

  test('a FileHandle', async () => {
    const files = setting();
    const handle = await open(files.log, 'w');
    const job = start(handle);
    await handle.close();
    await expectSecret(files, job);
  });

  test('a WriteStream', async () => {
    const files = setting();
    const stream = createWriteStream(files.log);
    await once(stream, 'open');
    const job = start(stream);
    stream.destroy();
    await once(stream, 'close');
    await expectSecret(files, job);
  });

  test("'inherit'", async () => {
    // Of the same number: the one that is free next.
    const files = setting();
    const fd = openSync(files.log, 'w');
    const stdio: StdioEntry[] = ['ignore', 'ignore', 'ignore'];
    stdio[fd] = 'inherit';
    const job = run('/bin/bash', ['-c', 'echo secret >&"$0"', String(fd)], { stdio });
    closeSync(fd);
    await expectSecret(files, job);
  });

  test('a socket', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    const ours = connect((server.address() as AddressInfo).port, '127.0.0.1');
    const [theirs] = (await once(server, 'connection')) as [Socket];
    const files = setting();
    const job = start(theirs);
    theirs.destroy();
    takeNumbers(files.other);
    expect(await text(ours)).toBe('secret\n');
    expect(await job).toMatchObject({ status: 'completed' });
    expect(read(files.other)).toBe('');
  });

  test('the input of another child', async () => {
    const cat = endWithTest(await spawn('/bin/cat', [], { stdio: ['pipe', 'pipe', 'ignore'] }));
    const files = setting();
    const job = start(cat.stdin);
    cat.stdin!.destroy();
    takeNumbers(files.other);
    expect(await text(cat.stdout!)).toBe('secret\n');
    expect(await job).toMatchObject({ status: 'completed' });
    expect(read(files.other)).toBe('');
  });
});

test('what is read is as it was in the call, too', async () => {
  const { directory, other } = setting();
  writeFileSync(`${directory}/in`, 'from the file');
  const source = createReadStream(`${directory}/in`);
  await once(source, 'open');
  const job = run('/bin/cat', [], { stdio: [source, 'pipe', 'inherit'] });
  source.destroy();
  await once(source, 'close');
  takeNumbers(other);
  expect(await job).toMatchObject({ status: 'completed', stdout: 'from the file' });
});

test('ten jobs with logs of their own, closed after the call', async () => {
  const directory = temporaryDirectory();
  const jobs = Array.from({ length: 10 }, (_, job) => {
    const fd = openSync(`${directory}/${job}`, 'w');
    const ended = run('/bin/echo', [`job ${job}`], { stdio: ['ignore', fd, fd] });
    closeSync(fd);
    return ended;
  });
  await Promise.all(jobs);
  const logs = jobs.map((_, job) => read(`${directory}/${job}`));
  expect(logs).toEqual(jobs.map((_, job) => `job ${job}\n`));
});

describe('long after the call', () => {
  test('with a journal, whose record is written first', async () => {
    const files = setting();
    const journal = await openJournal(`${files.directory}/journal`);
    const fd = openSync(files.log, 'w');
    const job = run('/bin/echo', ['secret'], { stdio: ['ignore', fd, 'ignore'], journal });
    closeSync(fd);
    takeNumbers(files.other);
    expect(await job).toMatchObject({ status: 'completed' });
    await journal.close();
    expect([read(files.log), read(files.other)]).toEqual(['secret\n', '']);
  });

  test('with a scope that can’t be had, and the next one', async () => {
    const files = setting();
    const fd = openSync(files.log, 'w');
    const before = openDescriptors();
    const job = run('/bin/echo', ['secret'], {
      stdio: ['ignore', fd, 'ignore'],
      scope: ['cgroup', 'group'],
      cgroup: { parent: '/nonexistent' },
    });
    closeSync(fd);
    takeNumbers(files.other);
    expect(await job).toMatchObject({ status: 'completed' });
    expect([read(files.log), read(files.other)]).toEqual(['secret\n', '']);
    const logs = [...openDescriptors()].filter(([, link]) => link === files.log);
    expect(before.get(fd)).toBe(files.log);
    expect(logs).toEqual([]);
  });
});
