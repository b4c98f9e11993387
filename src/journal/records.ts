/**
 * The lines of a journal: one JSON object each, appended as things happen. What is read back may be
 * torn, foreign or damaged, so nothing of it is believed before it has been checked.
 */
import { basename } from 'node:path';

import { errorRecord, type CompletionRecord, type CompletionStatus } from '../completion.js';
import type { ProcessIdentity } from '../identity.js';
import { SCOPES, type Scope } from '../options/scope.js';
import { isObject } from '../options/validate.js';

const FORMAT = 'reapwell journal';
const VERSION = 1;

/**
 * Characters of a first line; a program's arguments have no more than 2 MiB of them. Far below what a
 * reader takes.
 */
export const LONGEST_RECORD = 16 << 20;

/** The first line of a file. */
export interface HeaderLine {
  readonly format: typeof FORMAT;
  readonly version: number;
  /** Files whose content this one has taken over: after a crash in between they may still exist. */
  readonly replaces: readonly string[];
}

/** Written before the child can run. `key` is the cookie in its environment. */
export interface StartingLine {
  readonly t: 'starting';
  readonly key: string;
  readonly id: string;
  readonly meta: unknown;
  readonly file: string;
  readonly args: readonly string[];
  readonly scope: Scope;
  /** The folder of the cgroup that it would get. */
  readonly cgroup?: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly bootId: string;
  readonly pidNamespace: string;
}

export interface RunningLine {
  readonly t: 'running';
  readonly key: string;
  /** Its boot id is that of the first line. */
  readonly identity: Omit<ProcessIdentity, 'bootId'>;
  readonly handle: string;
  readonly pgid: number;
  readonly scope: Scope;
}

export interface EndedLine {
  readonly t: 'ended';
  readonly key: string;
  readonly at: number;
  /** Its usage is that of the exit. */
  readonly completion: Omit<CompletionRecord, 'usage'>;
  /** False: survivors are left, so `recover` still has to see to it. */
  readonly settled: boolean;
}

/** Handed over; not to be recovered. */
interface ReleasedLine {
  readonly t: 'released';
  readonly key: string;
}

/** Everything about one child in a line, as compaction writes it. */
interface WholeLine {
  readonly t: 'whole';
  readonly key: string;
  readonly starting: StartingLine;
  readonly running?: RunningLine;
  readonly ended?: EndedLine;
}

export type Line = StartingLine | RunningLine | EndedLine | ReleasedLine | WholeLine;

type Fields = Record<string, unknown>;

const STATUSES: readonly unknown[] = [
  'completed',
  'failed',
  'timeout',
  'terminated',
  'error',
] satisfies CompletionStatus[];

const isText = (value: unknown): value is string => typeof value === 'string';
const isNumber = (value: unknown): value is number => typeof value === 'number';
const isScope = (value: unknown): value is Scope => SCOPES.includes(value as Scope);

function isIdentity(value: unknown): value is RunningLine['identity'] {
  return (
    isObject(value) &&
    Number.isSafeInteger(value.pid) &&
    (value.pid as number) > 1 &&
    isNumber(value.startTicks) &&
    isNumber(value.inode)
  );
}

// What recovery writes to, and removes: none but the one that was made for this child.
function isCgroup({ cgroup, key }: Fields): boolean {
  return cgroup === undefined || (isText(cgroup) && basename(cgroup) === `reapwell-${String(key)}`);
}

function isStarting(line: Fields): boolean {
  return (
    line.t === 'starting' &&
    isText(line.id) &&
    isText(line.file) &&
    Array.isArray(line.args) &&
    line.args.every(isText) &&
    isScope(line.scope) &&
    isCgroup(line) &&
    isNumber(line.at) &&
    isText(line.bootId) &&
    isText(line.pidNamespace)
  );
}

// A kernel that gives handles gives inodes; one without the other would be believed half.
function isHandle(handle: unknown, { inode }: RunningLine['identity']): boolean {
  return isText(handle) && (handle === '' || inode > 0);
}

function isRunning(line: Fields): boolean {
  return (
    line.t === 'running' &&
    isIdentity(line.identity) &&
    isHandle(line.handle, line.identity) &&
    isNumber(line.pgid) &&
    isScope(line.scope)
  );
}

// A failed one names who was left: without that it is no account of what became of the child.
function isTermination(value: unknown): boolean {
  if (!isObject(value) || !isText(value.method)) return false;
  const { method, survivors } = value;
  return method !== 'failed' || (Array.isArray(survivors) && survivors.length > 0);
}

function isEnded(line: Fields): boolean {
  const { completion } = line;
  return (
    line.t === 'ended' &&
    isNumber(line.at) &&
    typeof line.settled === 'boolean' &&
    isObject(completion) &&
    STATUSES.includes(completion.status) &&
    isTermination(completion.termination) &&
    (completion.exit === null || isObject(completion.exit)) &&
    isNumber(completion.durationMs)
  );
}

function isWhole(line: Fields): boolean {
  const part = (value: unknown, check: (part: Fields) => boolean): boolean =>
    isObject(value) && value.key === line.key && check(value);
  return (
    part(line.starting, isStarting) &&
    (line.running === undefined || part(line.running, isRunning)) &&
    (line.ended === undefined || part(line.ended, isEnded))
  );
}

// A key is looked for in environments: one that is short or empty would be found in a stranger's.
const KEY = /^[0-9a-f]{32}-[0-9a-z]+-[0-9]+$/;

function isLine(line: Fields): boolean {
  if (!isText(line.key) || !KEY.test(line.key)) return false;
  switch (line.t) {
    case 'starting':
      return isStarting(line);
    case 'running':
      return isRunning(line);
    case 'ended':
      return isEnded(line);
    case 'released':
      return true;
    case 'whole':
      return isWhole(line);
    default:
      return false;
  }
}

function parse(text: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** undefined: not a line that this version has written. */
export function parseLine(text: string): Line | undefined {
  const fields = parse(text);
  return fields !== undefined && isLine(fields) ? (fields as unknown as Line) : undefined;
}

/** A header, or why the file can't be read. */
export function parseHeader(text: string): HeaderLine | string {
  const fields = parse(text);
  if (fields?.format !== FORMAT || !Number.isInteger(fields.version)) {
    return 'not a journal of this library';
  }
  const { version, replaces } = fields as { version: number; replaces: unknown };
  if (version > VERSION) return `written by a newer version (format ${version})`;
  if (!Array.isArray(replaces) || !replaces.every(isText)) return 'its header is damaged';
  return { format: FORMAT, version, replaces };
}

export function headerText(replaces: readonly string[]): string {
  return lineText({ format: FORMAT, version: VERSION, replaces });
}

export function lineText(line: Line | HeaderLine): string {
  return `${JSON.stringify(line, plain)}\n`;
}

// Errors in a step's report have nothing that JSON would show.
function plain(_key: string, value: unknown): unknown {
  if (!(value instanceof Error)) return value;
  return errorRecord(value);
}
