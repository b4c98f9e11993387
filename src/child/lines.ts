/**
 * A child's output by line, for any number of loops: each line goes to one of them.
 *
 * What has been read but not told when the last loop breaks off goes back into its stream, so that it is
 * there for whoever reads on, in whichever way. For that a stream's 'end' must not come before its last
 * line has been told; so every read here names how much it wants, which never brings the end about, and
 * only a loop that waits with nothing left to tell reads on to the end.
 */
import type { OutputLine } from '../options/output-line.js';
import { behindLines, linesOf, LineSplitter } from '../stdio/line-splitter.js';
import type { PipeStream } from '../stdio/pipe-stream.js';

type Result = IteratorResult<OutputLine, undefined>;

// What waits for the loops to take it; beyond that the pipes are not read, and the child waits.
const MOST_BYTES = 256 * 1024;
const MOST_BLOCKS = 1024;

const OVER: Result = Object.freeze({ done: true, value: undefined });

/** Whole lines as they came in one chunk, in the order in which the chunks came. */
interface Block {
  readonly source: Source;
  readonly bytes: Buffer;
  /** Decoded when it is their turn. */
  lines: readonly string[] | undefined;
  told: number;
}

interface Source {
  readonly from: OutputLine['from'];
  readonly stream: PipeStream;
  readonly splitter: LineSplitter;
  readonly onReadable: () => void;
  readonly onClose: () => void;
}

interface Waiter {
  readonly reader: LineReader;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: Error) => void;
}

export class LineFeed {
  /** Those that have not ended. */
  readonly #sources = new Set<Source>();
  readonly #blocks: Block[] = [];
  #bytes = 0;
  /** Of a stream that failed; told behind what came before it. */
  #failures: Error[] = [];
  readonly #waiters: Waiter[] = [];
  /** Those that have begun and are not over; while there is one, the streams are listened to. */
  readonly #readers = new Set<LineReader>();

  constructor(streams: Readonly<Record<OutputLine['from'], PipeStream | null>>) {
    for (const from of ['stdout', 'stderr'] as const) {
      const stream = streams[from];
      if (stream !== null) this.#addSource(from, stream);
    }
  }

  #addSource(from: OutputLine['from'], stream: PipeStream): void {
    const source: Source = {
      from,
      stream,
      splitter: new LineSplitter(),
      onReadable: () => {
        this.#readMore(source);
        this.#serve();
      },
      onClose: () => {
        this.#close(source);
        this.#serve();
      },
    };
    this.#sources.add(source);
  }

  /** A new loop's. */
  read(): AsyncIterableIterator<OutputLine> {
    return new LineReader(this);
  }

  next(reader: LineReader): Promise<Result> {
    if (!this.#readers.has(reader)) this.#join(reader);
    return new Promise((resolve, reject) => {
      this.#waiters.push({ reader, resolve, reject });
      this.#serve();
    });
  }

  #join(reader: LineReader): void {
    this.#readers.add(reader);
    if (this.#readers.size > 1) return;
    for (const { stream, onReadable, onClose } of this.#sources) {
      stream.on('readable', onReadable).on('end', onClose).on('error', onClose);
      stream.on('close', onClose);
    }
  }

  leave(reader: LineReader): void {
    if (!this.#readers.delete(reader)) return;
    for (const waiter of this.#waiters.splice(0)) {
      if (waiter.reader === reader) waiter.resolve(OVER);
      else this.#waiters.push(waiter);
    }
    if (this.#readers.size > 0) return;
    for (const source of this.#sources) {
      stopListening(source);
      // Of one that takes nothing back, what was read waits here, for the next loop.
      if (isOver(source.stream)) this.#close(source);
      else this.#giveBack(source);
    }
  }

  #giveBack(source: Source): void {
    const untold: Buffer[] = [];
    for (const [index, block] of [...this.#blocks.entries()].reverse()) {
      if (block.source !== source) continue;
      this.#blocks.splice(index, 1);
      this.#bytes -= block.bytes.length;
      untold.unshift(behindLines(block.bytes, block.told));
    }
    untold.push(source.splitter.takeRest());
    giveBack(source.stream, Buffer.concat(untold));
  }

  /** Gives those who wait what there is, and sees to it that they hear of more. */
  #serve(): void {
    while (this.#waiters.length > 0) {
      const line = this.#takeLine();
      if (line !== undefined) {
        this.#waiters.shift()?.resolve({ done: false, value: line });
      } else if (this.#failures.length > 0) {
        this.#fail();
      } else if (this.#sources.size === 0) {
        this.#end();
      } else if (!this.#look()) {
        return;
      }
    }
  }

  #fail(): void {
    const error = this.#failures.shift();
    const waiter = this.#waiters.shift();
    if (error === undefined || waiter === undefined) return;
    waiter.reject(error);
    waiter.reader.end();
  }

  #end(): void {
    for (const { reader, resolve } of this.#waiters.splice(0)) {
      resolve(OVER);
      reader.end();
    }
  }

  #takeLine(): OutputLine | undefined {
    for (;;) {
      const block = this.#blocks[0];
      if (block === undefined) return undefined;
      block.lines ??= linesOf(block.bytes);
      const text = block.lines[block.told];
      if (text !== undefined) {
        block.told++;
        return { from: block.source.from, text };
      }
      this.#blocks.shift();
      this.#bytes -= block.bytes.length;
      for (const source of this.#sources) this.#readMore(source);
    }
  }

  /** With nothing left to tell and somebody who waits. True: now there may be something. */
  #look(): boolean {
    let found = false;
    for (const source of this.#sources) {
      if (this.#readMore(source)) {
        found = true;
      } else if (isOver(source.stream)) {
        this.#close(source);
        found = true;
      }
    }
    // Brings about 'readable', or the end.
    if (!found) for (const { stream } of this.#sources) stream.read(0);
    return found;
  }

  /** What there is, as far as it is not too much. True: there are whole lines of it. */
  #readMore(source: Source): boolean {
    const { stream, splitter } = source;
    let found = false;
    while (this.#bytes < MOST_BYTES && this.#blocks.length < MOST_BLOCKS) {
      const chunk = readChunk(stream);
      if (chunk === undefined) break;
      found = this.#add(source, splitter.cut(chunk)) || found;
    }
    // Its last line need not be ended. It is told in its turn, before the end is brought about.
    if (!stream.otherEndClosed || stream.readableLength > 0) return found;
    return this.#add(source, [splitter.takeRest()]) || found;
  }

  #add(source: Source, blocks: readonly Buffer[]): boolean {
    let found = false;
    for (const bytes of blocks) {
      if (bytes.length === 0) continue;
      this.#blocks.push({ source, bytes, lines: undefined, told: 0 });
      this.#bytes += bytes.length;
      found = true;
    }
    return found;
  }

  #close(source: Source): void {
    if (!this.#sources.delete(source)) return;
    stopListening(source);
    const { stream, splitter } = source;
    // What came before an error is told before it.
    for (let chunk = readChunk(stream); chunk !== undefined; chunk = readChunk(stream)) {
      this.#add(source, splitter.cut(chunk));
    }
    this.#add(source, [splitter.takeRest()]);
    if (stream.errored !== null) this.#failures.push(stream.errored);
  }
}

/** One loop's end of it. */
class LineReader implements AsyncIterableIterator<OutputLine> {
  readonly #feed: LineFeed;
  #over = false;

  constructor(feed: LineFeed) {
    this.#feed = feed;
  }

  next(): Promise<Result> {
    return this.#over ? Promise.resolve(OVER) : this.#feed.next(this);
  }

  return(): Promise<Result> {
    this.end();
    return Promise.resolve(OVER);
  }

  end(): void {
    this.#over = true;
    this.#feed.leave(this);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

function stopListening({ stream, onReadable, onClose }: Source): void {
  stream
    .off('readable', onReadable)
    .off('end', onClose)
    .off('error', onClose)
    .off('close', onClose);
}

function isOver(stream: PipeStream): boolean {
  return stream.readableEnded || stream.destroyed;
}

function readChunk(stream: PipeStream): Buffer | undefined {
  // Of a stream that was destroyed without an error nobody wants the rest.
  if (stream.destroyed && stream.errored === null) return undefined;
  // More than its mark at once would raise the mark, and with it what the stream takes in unread.
  const length = Math.min(stream.readableLength, stream.readableHighWaterMark);
  if (length === 0) return undefined;
  // A string if somebody has called setEncoding.
  const chunk = stream.read(length) as Buffer | string | null;
  return typeof chunk === 'string' ? Buffer.from(chunk, 'utf8') : (chunk ?? undefined);
}

function giveBack(stream: PipeStream, bytes: Buffer): void {
  if (bytes.length === 0) return;
  const { readableEncoding: encoding } = stream;
  if (encoding === null) stream.unshift(bytes);
  else stream.unshift(bytes.toString('utf8'), encoding);
}
