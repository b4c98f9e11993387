#!/usr/bin/env node
// A job dispatcher: jobs from a directory, a few at a time, a timeout each, and a memory that survives
// its own crash. Every job is started at most once, whatever happens to the dispatcher.
//   node examples/dispatcher/dispatcher.mjs JOBS [--state DIR] [--parallel N] [--timeout MS]
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { parseArgs } from 'node:util';
import { JournalLockedError, openJournal, run } from 'reapwell';
import { readJobs } from './jobs.mjs';
import { Screen } from './screen.mjs';

const USAGE = `usage: dispatcher JOBS [--state DIR] [--parallel N] [--timeout MS] [--grace MS]

  JOBS        a directory of files NAME.json: { "command": ["program", "argument", ...], "timeout": MS }
  --state     where the journal and the jobs' output are kept (default: JOBS/.dispatcher)
  --parallel  how many jobs at a time (default: 4)
  --timeout   of a job that names none, in milliseconds (default: 60000)
  --grace     between SIGTERM and SIGKILL, in milliseconds (default: 5000)`;

function readCommandLine() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      state: { type: 'string' },
      parallel: { type: 'string', default: '4' },
      timeout: { type: 'string', default: '60000' },
      grace: { type: 'string', default: '5000' },
    },
  });
  const number = (name) => {
    const value = Number(values[name]);
    if (!Number.isInteger(value) || value < 1) throw new TypeError(`--${name} must be 1 or more`);
    return value;
  };
  if (positionals.length !== 1) throw new TypeError('say which directory has the jobs');
  const [jobs] = positionals;
  return {
    jobs,
    state: values.state ?? join(jobs, '.dispatcher'),
    parallel: number('parallel'),
    timeout: number('timeout'),
    grace: number('grace'),
  };
}

/** How a job ended, in a few words. */
function describe({ status, exit, termination, error }) {
  const method = termination.method === 'natural' ? '' : `ended by ${termination.method}`;
  if (status === 'completed') return method;
  if (error !== undefined) return error.message;
  if (exit === null) return method;
  const code = exit.signal === null ? `exit code ${exit.code}` : String(exit.signal);
  return method === '' ? code : `${method}, ${code}`;
}

/** What is in the journal has been started before, and is not started again. */
function rowsOf(entries) {
  return entries.map(({ id, status, completion }) => {
    const lost = completion?.error?.code === 'ERR_REAPWELL_STATUS_UNKNOWN';
    return {
      id,
      status: lost || status === 'running' || status === 'starting' ? 'interrupted' : status,
      how: completion === undefined ? '' : describe(completion),
      durationMs: completion?.durationMs ?? 0,
    };
  });
}

class Dispatcher {
  #options;
  #journal;
  #screen;
  #abort = new AbortController();

  constructor(options, journal, screen) {
    this.#options = options;
    this.#journal = journal;
    this.#screen = screen;
  }

  /** Ends what runs, starts nothing more. */
  stop(why) {
    if (this.#abort.signal.aborted) process.exit(1); // asked twice: the jobs are killed
    this.#screen.say(`${why}: ending the jobs that run`);
    this.#abort.abort(new Error(why));
  }

  async dispatch(jobs) {
    const queue = [...jobs];
    const work = async () => {
      for (let job; !this.#abort.signal.aborted && (job = queue.shift()) !== undefined;) {
        this.#screen.waiting(queue.length);
        await this.#perform(job);
      }
    };
    await Promise.all(Array.from({ length: this.#options.parallel }, work));
  }

  async #perform({ id, file, args, timeout }) {
    const log = { file: join(this.#options.state, 'logs', `${id}.log`), append: true };
    // A pipe that stays open: its end is the first, friendly request to finish.
    const input = new PassThrough();
    this.#screen.started(id);
    const completion = await run(file, args, {
      journal: this.#journal,
      id,
      scope: ['cgroup', 'tree'],
      input,
      stdio: ['pipe', log, log],
      timeout: timeout ?? this.#options.timeout,
      grace: this.#options.grace,
      signal: this.#abort.signal,
      onProgress: ({ pid, usage }) =>
        this.#screen.note(
          id,
          `pid ${pid}, ${Math.round(usage.userCpuMs + usage.systemCpuMs)} ms CPU`,
        ),
      progressInterval: 500,
    });
    input.destroy();
    this.#screen.ended(id, completion.status, describe(completion));
  }
}

async function main() {
  let options;
  try {
    options = readCommandLine();
  } catch (error) {
    console.error(`${error.message}\n\n${USAGE}`);
    return 2;
  }
  mkdirSync(join(options.state, 'logs'), { recursive: true });
  let journal;
  try {
    journal = await openJournal(join(options.state, 'journal'));
  } catch (error) {
    if (!(error instanceof JournalLockedError)) throw error;
    console.error(`another dispatcher (process ${error.holder}) works on these jobs`);
    return 3;
  }
  const screen = new Screen();
  const dispatcher = new Dispatcher(options, journal, screen);
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => dispatcher.stop(signal));

  for (const { entry, outcome, reason } of await journal.recover({ grace: options.grace })) {
    const what = outcome === 'unreadable' ? reason : outcome;
    screen.say(`${screen.paint('interrupted', 'interrupted ')} ${entry.id} (${what})`);
  }
  const { jobs, faults } = readJobs(options.jobs);
  const before = new Set(journal.entries().map(({ id }) => id));
  await dispatcher.dispatch(jobs.filter(({ id }) => !before.has(id)));

  screen.close();
  const rejected = faults.map(({ id, reason }) => {
    return { id, status: 'error', how: reason, durationMs: 0 };
  });
  const rows = [...rowsOf(journal.entries()), ...rejected];
  screen.summary(rows);
  await journal.close();
  return rows.every(({ status }) => status === 'completed') ? 0 : 1;
}

process.exitCode = await main();
