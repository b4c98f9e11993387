/** Standard streams and extra descriptors, in the forms of Node's `stdio` option. */
import type { FileHandle } from 'node:fs/promises';
import type { Stream } from 'node:stream';

import { invalidValue } from '../errors/index.js';
import { checkBoolean, checkList, checkText, isObject, unreadable } from './validate.js';

/**
 * A file as one descriptor of the child: read as standard input, written otherwise. A relative name is
 * one in our working directory. Entries of one call that name the same file to be written, by whichever
 * name, share one open file, so that they don't write over each other; it is emptied if one of them
 * empties it, and written at its end if one of them appends.
 */
export interface StdioFile {
  readonly file: string;
  /** Write at its end. @default false: an existing file is emptied */
  readonly append?: boolean | undefined;
}

/**
 * One descriptor of the child. `'pipe'`: a stream of ours (one way for 0 to 2, both ways above);
 * `'ignore'`: /dev/null for 0 to 2, absent above; `'inherit'`: ours of the same number; a number, a FileHandle or a stream that
 * has one: that descriptor, as it is when the call is made (EBADF if it is not open then; it may be
 * closed as soon as the call has returned); another child's output: all of it that has not been read,
 * and no more for us; `{ file, append? }`: that file, opened by the child. `null` and `undefined`: `'pipe'` for 0 to 2, absent above.
 */
export type StdioEntry =
  'pipe' | 'ignore' | 'inherit' | number | Stream | FileHandle | StdioFile | null | undefined;

export type StdioOption = 'pipe' | 'ignore' | 'inherit' | readonly StdioEntry[];

/** Values of StdioEntry::Kind in native/core/spawn_request.h. */
export enum StdioKind {
  DevNull = 0,
  Descriptor = 1,
  PipeToChild = 2,
  PipeFromChild = 3,
  SocketPair = 4,
  Closed = 5,
  File = 6,
  FileAppend = 7,
  HandedOver = 8,
}

export interface StdioPlan {
  readonly kind: StdioKind;
  /** The descriptor of ours that the child gets, for `StdioKind.Descriptor`. */
  readonly fd: number;
  /** For `StdioKind.File` and `StdioKind.FileAppend`. */
  readonly path?: string;
  /** The stream that `fd` is of, if it is one. */
  readonly stream?: object;
}

export const isPipe = ({ kind }: StdioPlan): boolean =>
  kind === StdioKind.PipeToChild ||
  kind === StdioKind.PipeFromChild ||
  kind === StdioKind.SocketPair;

const STANDARD_STREAMS = 3;
const MOST_ENTRIES = 65_536;
const MAX_FD = 0x7fff_ffff;

/** Under this key a stream of ours lends its descriptor. */
export const LEND: unique symbol = Symbol('reapwell.lend');

export interface Lent {
  readonly fd: number;
  /** Made for this: to be closed when the addon has its copy. */
  readonly made: boolean;
  /** It will be the child's alone: blocking there, whatever its number. */
  readonly handedOver: boolean;
  /** Once. `taken`: a child has it. */
  settle(taken: boolean): void;
}

export interface Lender {
  /** Throws if a part of what is to be read is already in this process's memory. */
  [LEND](): Lent;
}

export const isLender = (stream: object): stream is Lender => LEND in stream;

const NOT_OPEN = -1;

interface MaybeStream {
  readonly fd?: unknown;
  readonly _handle?: { readonly fd?: unknown } | null;
  readonly destroyed?: unknown;
  readonly close?: unknown;
}

/**
 * The descriptor under a stream: its `fd` (files, terminals, FileHandles), or its handle's (sockets,
 * pipes). `NOT_OPEN` if it has had one; undefined if it has none (yet).
 */
function descriptorOf(stream: object): number | undefined {
  if (isLender(stream)) return NOT_OPEN;
  const { fd, _handle: handle, destroyed, close } = stream as MaybeStream;
  if (typeof fd === 'number' && Number.isInteger(fd) && fd >= 0) return fd;
  if (typeof handle?.fd === 'number' && handle.fd >= 0) return handle.fd;
  const isClosedHandle = fd === -1 && typeof close === 'function';
  const wasDestroyed = destroyed === true && (fd !== undefined || handle !== undefined);
  return isClosedHandle || wasDestroyed ? NOT_OPEN : undefined;
}

/** What was read ahead of a stream would be missing in what the child reads. */
function checkUnread(name: string, stream: object, index: number): void {
  if (index === 1 || index === 2) return;
  const { readableLength: length } = stream as { readableLength?: unknown };
  if (typeof length !== 'number' || length === 0) return;
  throw invalidValue(name, `must not have been read in part (${length} are in memory)`, stream);
}

function pipeFor(index: number): StdioPlan {
  if (index === 0) return { kind: StdioKind.PipeToChild, fd: -1 };
  if (index < STANDARD_STREAMS) return { kind: StdioKind.PipeFromChild, fd: -1 };
  return { kind: StdioKind.SocketPair, fd: -1 };
}

function planFile(name: string, entry: Record<string, unknown>): StdioPlan {
  const path = checkText(`${name}.file`, entry.file);
  if (path === '') throw invalidValue(`${name}.file`, 'must not be empty', path);
  const append = entry.append !== undefined && checkBoolean(`${name}.append`, entry.append);
  return { kind: append ? StdioKind.FileAppend : StdioKind.File, fd: -1, path };
}

function planEntry(name: string, entry: unknown, index: number): StdioPlan {
  if (entry === null || entry === undefined) {
    return index < STANDARD_STREAMS ? pipeFor(index) : { kind: StdioKind.Closed, fd: -1 };
  }
  if (entry === 'pipe' || entry === 'overlapped') return pipeFor(index);
  // Absent above 2, as with Node.
  if (entry === 'ignore') {
    return { kind: index < STANDARD_STREAMS ? StdioKind.DevNull : StdioKind.Closed, fd: -1 };
  }
  if (entry === 'inherit') return { kind: StdioKind.Descriptor, fd: index };
  if (typeof entry === 'number') {
    if (!Number.isInteger(entry) || entry < 0 || entry > MAX_FD) {
      throw invalidValue(name, 'must be a descriptor', entry);
    }
    return { kind: StdioKind.Descriptor, fd: entry };
  }
  if (typeof entry === 'string') {
    throw invalidValue(
      name,
      "must be 'pipe', 'ignore', 'inherit', a descriptor or a stream",
      entry,
    );
  }
  if (isObject(entry) && 'file' in entry) return planFile(name, entry);
  const fd = isObject(entry) ? descriptorOf(entry) : undefined;
  if (fd === undefined) {
    throw invalidValue(name, 'must be a stream with an open descriptor under it', entry);
  }
  checkUnread(name, entry, index);
  return { kind: StdioKind.Descriptor, fd, stream: entry };
}

/** At least the three standard streams, each with its plan. */
export function planStdio(option: unknown, fallback: StdioOption = 'pipe'): StdioPlan[] {
  const given = option ?? fallback;
  if (typeof given === 'string') {
    const plan = (index: number): StdioPlan => planEntry('options.stdio', given, index);
    return [plan(0), plan(1), plan(2)];
  }
  const entries = checkList(
    'options.stdio',
    given,
    'entries, or a string',
    (_, entry) => entry,
    MOST_ENTRIES,
  );
  while (entries.length < STANDARD_STREAMS) entries.push(undefined);
  return entries.map((entry, index) => {
    const name = `options.stdio[${index}]`;
    try {
      return planEntry(name, entry, index);
    } catch (error) {
      throw unreadable(name, entry, error);
    }
  });
}
