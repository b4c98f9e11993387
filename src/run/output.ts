/** What a job writes: captured, told of meanwhile, and in the end returned as far as it may be. */
import { constants } from 'node:buffer';

import type { OutputLine } from '../options/output-line.js';
import type { Pipe } from '../stdio/pipe.js';
import { Capture } from './capture.js';
import { WholeCharacters } from './characters.js';
import { Kept, type KeptOutput } from './kept.js';
import type { RunPlan } from './plan.js';
import { Teller } from './tell.js';

type Text = string | Buffer;

export interface Outputs {
  readonly stdout: Text;
  readonly stderr: Text;
  readonly all?: Text;
  readonly truncated: boolean;
  readonly omittedBytes: number;
}

/** Bytes that can be returned. A string has so many characters, and none takes less than a byte. */
const LONGEST = { utf8: constants.MAX_STRING_LENGTH, buffer: constants.MAX_LENGTH };

/** One of a job's outputs. */
class OneOutput {
  readonly kept: Kept;
  readonly #capture: Capture;
  readonly #all: Kept | undefined;
  readonly #characters: WholeCharacters | undefined;
  readonly #teller: Teller | undefined;

  constructor(plan: RunPlan, from: OutputLine['from'], pipe: Pipe | null, all: Kept | undefined) {
    this.kept = keep(plan, plan.maxBuffer);
    this.#all = all;
    if (tells(plan)) this.#teller = new Teller(plan, from);
    // The other output may come in the middle of a character.
    if (isLive(plan) && plan.encoding === 'utf8') this.#characters = new WholeCharacters();
    this.#capture = new Capture(pipe, (chunk) => this.#take(chunk));
  }

  get brokenOff(): boolean {
    return this.#capture.brokenOff;
  }

  begin(): void {
    this.#capture.begin();
  }

  async drain(idle: number): Promise<void> {
    await this.#capture.drain(idle);
    // The rest of a character may still be coming.
    const rest = this.brokenOff ? undefined : this.#characters?.rest();
    if (rest !== undefined) this.#all?.add(rest);
    this.#teller?.end(rest);
  }

  #take(chunk: Buffer): void {
    this.kept.add(chunk);
    const whole = this.#characters?.take(chunk) ?? chunk;
    this.#all?.add(whole);
    this.#teller?.tell(chunk, whole);
  }
}

const keep = (plan: RunPlan, limit: number): Kept =>
  new Kept(limit, LONGEST[plan.encoding], plan.keep);

const tells = ({ onOutput, onLine }: RunPlan): boolean =>
  onOutput !== undefined || onLine !== undefined;

const isLive = (plan: RunPlan): boolean => plan.all || tells(plan);

export class Output {
  readonly #plan: RunPlan;
  readonly #stdout: OneOutput;
  readonly #stderr: OneOutput;
  readonly #all: Kept | undefined;

  constructor(plan: RunPlan, stdout: Pipe | null, stderr: Pipe | null) {
    this.#plan = plan;
    // As much as both together: where neither lacks anything, it doesn't either.
    if (plan.all) this.#all = keep(plan, 2 * plan.maxBuffer);
    this.#stdout = new OneOutput(plan, 'stdout', stdout, this.#all);
    this.#stderr = new OneOutput(plan, 'stderr', stderr, this.#all);
  }

  get stdoutBytes(): number {
    return this.#stdout.kept.total;
  }

  get stderrBytes(): number {
    return this.#stderr.kept.total;
  }

  /** It is to be read from the start, since somebody is told when it comes, or in which order. */
  get isLive(): boolean {
    return isLive(this.#plan);
  }

  begin(): void {
    this.#stdout.begin();
    this.#stderr.begin();
  }

  async drain(idle: number): Promise<void> {
    await Promise.all([this.#stdout.drain(idle), this.#stderr.drain(idle)]);
  }

  /** More came than can be returned, and `maxBuffer` would have allowed it. */
  get isTooLong(): boolean {
    return this.#kept().some((kept) => kept.isTooLong);
  }

  /** Throws if there is no memory for it. */
  returned(): Outputs {
    const { encoding } = this.#plan;
    const give = (kept: Kept, ended: boolean): KeptOutput<Text> =>
      encoding === 'buffer' ? kept.toBytes() : kept.toText(ended);
    const stdout = give(this.#stdout.kept, !this.#stdout.brokenOff);
    const stderr = give(this.#stderr.kept, !this.#stderr.brokenOff);
    return {
      stdout: stdout.output,
      stderr: stderr.output,
      ...(this.#all === undefined ? {} : { all: give(this.#all, true).output }),
      truncated:
        this.#stdout.brokenOff || this.#stderr.brokenOff || this.#kept().some((kept) => kept.isCut),
      omittedBytes: stdout.omitted + stderr.omitted,
    };
  }

  /** Instead, when that failed. */
  omitted(): Outputs {
    const omittedBytes = this.stdoutBytes + this.stderrBytes;
    return { ...noOutputs(this.#plan), truncated: omittedBytes > 0, omittedBytes };
  }

  #kept(): Kept[] {
    const both = [this.#stdout.kept, this.#stderr.kept];
    return this.#all === undefined ? both : [...both, this.#all];
  }
}

/** Those of a program that wrote nothing, or that there never was. */
export function noOutputs({ encoding, all }: RunPlan): Outputs {
  const nothing = encoding === 'buffer' ? Buffer.alloc(0) : '';
  return {
    stdout: nothing,
    stderr: nothing,
    ...(all ? { all: nothing } : {}),
    truncated: false,
    omittedBytes: 0,
  };
}
