// A peer at work: a process of its own that lives as long as the question, does what it is told by a
// line on its standard input, and reports its samples by a line on its standard output.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** Longer than any single task takes; a peer that hangs ends the run with its name. */
const ANSWER_TIMEOUT_MS = 300_000;

export class Worker {
  #child;
  #name;
  #encode;
  #waiting;
  #complaint = '';

  constructor(name, command, { env = {}, encode = JSON.stringify } = {}) {
    const [file, ...args] = command;
    this.#name = name;
    this.#encode = encode;
    // The same small environment for all: every one of them hands it on to each of its children.
    const inherited = { PATH: process.env.PATH, HOME: process.env.HOME };
    this.#child = spawn(file, args, { env: { ...inherited, ...env } });
    createInterface({ input: this.#child.stdout }).on('line', (line) => this.#hear(line));
    this.#child.stderr.on('data', (chunk) => (this.#complaint += chunk));
    this.#child.on('error', (error) => this.#fail(error.message));
    this.#child.on('exit', (code, signal) => this.#fail(`ended (${signal ?? code})`));
    this.#child.stdin.on('error', () => undefined);
  }

  get pid() {
    return this.#child.pid;
  }

  /** One task at a time. */
  ask(op, task = {}) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#fail(`no answer to ${op}`), ANSWER_TIMEOUT_MS);
      this.#waiting = { resolve, reject, timer };
      this.#child.stdin.write(`${this.#encode({ op, ...task })}\n`);
    });
  }

  /** It lets go of its children and exits when its input ends. */
  async end() {
    this.#child.removeAllListeners('exit');
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.stdin.end();
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 10_000);
    await gone;
    clearTimeout(timer);
  }

  #hear(line) {
    const waiting = this.#settle();
    if (waiting === undefined) return;
    let answer;
    try {
      answer = JSON.parse(line);
    } catch {
      answer = { error: `said ${line}` };
    }
    if (answer.error === undefined) waiting.resolve(answer.result);
    else waiting.reject(new Error(`${this.#name}: ${answer.error}`));
  }

  #fail(reason) {
    const complaint = this.#complaint.slice(-2000);
    this.#settle()?.reject(new Error(`${this.#name}: ${reason}\n${complaint}`));
  }

  #settle() {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    clearTimeout(waiting?.timer);
    return waiting;
  }
}
