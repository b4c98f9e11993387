// What the operator sees: lines that stay, and on a terminal the running jobs below them.
import { styleText } from 'node:util';
import logUpdate from 'log-update';

const COLORS = {
  completed: 'green',
  failed: 'red',
  error: 'red',
  timeout: 'yellow',
  terminated: 'yellow',
  interrupted: 'magenta',
};

const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`;

export class Screen {
  #live = process.stdout.isTTY === true;
  #running = new Map();
  #timer;
  #waiting = 0;

  constructor() {
    if (this.#live) this.#timer = setInterval(() => this.#draw(), 100).unref();
  }

  paint(status, text = status) {
    return this.#live ? styleText(COLORS[status] ?? 'gray', text) : text;
  }

  /** A line that stays. */
  say(text) {
    if (this.#live) logUpdate.clear();
    console.log(text);
    this.#draw();
  }

  started(id) {
    this.#running.set(id, { note: '', since: performance.now() });
    if (!this.#live) console.log(`started      ${id}`);
  }

  note(id, note) {
    const job = this.#running.get(id);
    if (job !== undefined) job.note = note;
  }

  ended(id, status, how) {
    this.#running.delete(id);
    this.say(`${this.paint(status, status.padEnd(12))} ${id}${how === '' ? '' : ` (${how})`}`);
  }

  waiting(count) {
    this.#waiting = count;
  }

  #draw() {
    if (!this.#live || this.#running.size === 0) return;
    const lines = [...this.#running].map(
      ([id, { note, since }]) => `  ${id}  ${seconds(performance.now() - since)}  ${note}`,
    );
    logUpdate([...lines, `  ${this.#waiting} waiting`].join('\n'));
  }

  close() {
    clearInterval(this.#timer);
    if (this.#live) logUpdate.clear();
  }

  /** @param {{ id: string, status: string, how: string, durationMs: number }[]} rows */
  summary(rows) {
    const width = Math.max(3, ...rows.map(({ id }) => id.length));
    console.log(`\n${'job'.padEnd(width)}  ${'status'.padEnd(12)}  ${'time'.padStart(8)}  how`);
    for (const { id, status, how, durationMs } of rows) {
      const time = seconds(durationMs).padStart(8);
      console.log(
        `${id.padEnd(width)}  ${this.paint(status, status.padEnd(12))}  ${time}  ${how}`.trimEnd(),
      );
    }
    const counts = new Map();
    for (const { status } of rows) counts.set(status, (counts.get(status) ?? 0) + 1);
    console.log(`\n${[...counts].map(([status, count]) => `${count} ${status}`).join(', ')}`);
  }
}
