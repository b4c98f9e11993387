/** Standard streams and extra descriptors, in the forms of Node's `stdio` option. */
import type { Stream } from 'node:stream';

import { invalidValue } from '../errors/index.js';
import { checkBoolean, checkList, checkText, isObject, unreadable } from './validate.js';

/** A file as one descriptor of the child: read as standard input, written otherwise. */
export interface StdioFile {
  readonly file: string;
  /** Write at its end. @default false: an existing file is emptied */
  readonly append?: boolean | undefined;
}

/**
 * One descriptor of the child. `'pipe'`: a stream of ours (one way for 0 to 2, both ways above);
 * `'ignore'`: /dev/null for 0 to 2, absent above; `'inherit'`: ours of the same number; a number or a stream that has one: that
 * descriptor; `{ file, append? }`: that file, opened off the event loop. `null` and `undefined`: `'pipe'` for 0 to 2, absent above.
 */
export type StdioEntry =
  'pipe' | 'ignore' | 'inherit' | number | Stream | StdioFile | null | undefined;

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

/** The descriptor under a stream: its `fd` (files, terminals), or its handle's (sockets, pipes). */
function descriptorOf(stream: object): number | undefined {
  const { fd, _handle: handle } = stream as { fd?: unknown; _handle?: { fd?: unknown } | null };
  if (typeof fd === 'number' && fd >= 0) return fd;
  if (typeof handle?.fd === 'number' && handle.fd >= 0) return handle.fd;
  return undefined;
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
  return { kind: StdioKind.Descriptor, fd, stream: entry };
}

/** A stream that is handed to a child is no longer read here: both would get a part of the data. */
export function stopReading(stream: object): void {
  const { pause, _handle: handle } = stream as {
    pause?: () => void;
    _handle?: { reading?: boolean; readStop?: () => void } | null;
  };
  if (typeof pause === 'function') pause.call(stream);
  if (typeof handle?.readStop !== 'function') return;
  handle.reading = false;
  handle.readStop();
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
