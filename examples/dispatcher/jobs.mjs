// Jobs are files: one JSON object each, named after the job.
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

/**
 * @typedef {object} Job
 * @property {string} id the file's name without `.json`
 * @property {string} file the program
 * @property {string[]} args
 * @property {number | undefined} timeout milliseconds
 */

function check(condition, what) {
  if (!condition) throw new TypeError(what);
}

/** @returns {Job} */
function parse(id, text) {
  const job = JSON.parse(text);
  check(typeof job === 'object' && job !== null && !Array.isArray(job), 'must be an object');
  const { command, timeout, ...rest } = job;
  const strings = Array.isArray(command) && command.every((part) => typeof part === 'string');
  check(strings && command.length > 0, '"command" must be a list of strings, not empty');
  check(timeout === undefined || timeout > 0, '"timeout" must be milliseconds, above 0');
  const [unknown] = Object.keys(rest);
  check(unknown === undefined, `"${unknown}" is not known; there are "command" and "timeout"`);
  return { id, file: command[0], args: command.slice(1), timeout };
}

/**
 * Every `*.json` of a directory, by name. One that can't be read is no reason to leave the others.
 * @returns {{ jobs: Job[], faults: { id: string, reason: string }[] }}
 */
export function readJobs(directory) {
  const jobs = [];
  const faults = [];
  for (const name of readdirSync(directory).sort()) {
    if (!name.endsWith('.json')) continue;
    const id = basename(name, '.json');
    try {
      jobs.push(parse(id, readFileSync(join(directory, name), 'utf8')));
    } catch (error) {
      faults.push({ id, reason: error.message });
    }
  }
  return { jobs, faults };
}
