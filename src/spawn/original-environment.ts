/**
 * What JavaScript can't show of the environment that this process was started with.
 *
 * A value that is not UTF-8 reads as one with U+FFFD in it. Everything that is set later comes from
 * strings, so such bytes can only be among those that the process began with, which the kernel keeps for
 * every thread to read, whoever changes environ(7) meanwhile.
 */
import { readFileSync } from 'node:fs';

interface Original {
  /** The bytes of an entry, by the text that JavaScript makes of it. */
  readonly bytes: ReadonlyMap<string, string>;
  /** Entries whose names are no text, or that have none: nobody can change or remove them through process.env. */
  readonly hidden: readonly string[];
}

let original: Original | undefined;

// Bytes are kept as strings, a character each.
const toText = (bytes: string): string => Buffer.from(bytes, 'latin1').toString('utf8');
const toBytes = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');
const isText = (bytes: string): boolean => toBytes(toText(bytes)) === bytes;

function load(): Original {
  if (original !== undefined) return original;
  const bytes = new Map<string, string>();
  const hidden: string[] = [];
  for (const entry of readBlock().split('\0')) {
    if (entry === '') continue;
    const end = entry.indexOf('=');
    if (end < 0 || !isText(entry.slice(0, end))) hidden.push(entry);
    // Of two of one name, getenv(3) and so process.env has the first.
    else if (!isText(entry) && !bytes.has(toText(entry))) bytes.set(toText(entry), entry);
  }
  original = { bytes, hidden };
  return original;
}

function readBlock(): string {
  try {
    return readFileSync('/proc/self/environ', 'latin1');
  } catch {
    // Without /proc: what is no text arrives as JavaScript has it.
    return '';
  }
}

/** It may be what JavaScript makes of bytes that are no text. */
export const isLossy = (entry: string): boolean => entry.includes('\ufffd');

/** An entry of the form NAME=value as bytes: the original ones, if it is still what they read as. */
export function asBytes(entry: string): string {
  return (isLossy(entry) ? load().bytes.get(entry) : undefined) ?? toBytes(entry);
}

export function hiddenEntries(): readonly string[] {
  return load().hidden;
}
