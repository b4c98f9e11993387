/**
 * What the native threads report, handed to whoever waits for it. One callback a wake-up brings any
 * number of events, in the order in which they happened to each child.
 */
import { decodeExit, type Exit } from '../exit.js';
import { binding } from './binding.js';

/** What a started child's owner is told. */
export interface ChildSink {
  onExited(exit: Exit): void;
  onEmpty(): void;
  onStopped(signal: number): void;
  onContinued(): void;
  /** It has exited, but live members of the scope are known of. */
  onOccupied(): void;
  /** A scope wider than the group is empty; how many the out-of-memory killer ended of a cgroup. */
  onScopeEmpty(oomKills: number): void;
  /** A signal to a wide scope has been delivered: 0 or a negative errno. In the order asked for. */
  onSwept(errno: number): void;
}

export interface Spawned {
  readonly pid: number;
  readonly startTicks: number;
  readonly inode: number;
}

/** What the starter of a child is told, once. */
export interface SpawnSink {
  /** The result receives everything that happens from here on. */
  onSpawned(spawned: Spawned): ChildSink;
  /** `step` is a SpawnStep of native/core/child_half.h, `errno` negative. */
  onFailed(step: number, errno: number): void;
}

const EVENT_SPAWNED = 1;
const EVENT_SPAWN_FAILED = 2;
const EVENT_EXITED = 3;
const EVENT_EMPTY = 4;
const EVENT_STOPPED = 5;
const EVENT_CONTINUED = 6;
const EVENT_SCOPE_EMPTY = 7;
const EVENT_SWEPT = 8;
const EVENT_OCCUPIED = 9;

const SLOT = 16;
const SLOTS = 64;

const buffer = new Float64Array(SLOT * SLOTS);
const starting = new Map<number, SpawnSink>();
const running = new Map<number, ChildSink>();
let connected = false;
let lastId = 0;
let holds = 0;

// A program may end before its spawn has been told: then spawn and exit come in one wake-up. Whoever
// awaits the spawn must get a turn in between, or the listeners would come too late; so what follows
// a spawn in the same turn of the loop waits for the next phase of it.
const held = new Map<number, Float64Array[]>();

function deliver(count: number): void {
  for (let slot = 0; slot < count; slot++) {
    const at = slot * SLOT;
    const waiting = held.get(buffer[at + 1] ?? 0);
    if (waiting === undefined) dispatch(buffer, at);
    else waiting.push(buffer.slice(at, at + SLOT));
  }
}

function holdBack(id: number): void {
  if (held.size === 0) setImmediate(releaseHeld);
  held.set(id, []);
}

function releaseHeld(): void {
  const all = [...held.values()];
  held.clear();
  for (const events of all) for (const event of events) dispatch(event, 0);
}

function dispatch(buffer: Float64Array, at: number): void {
  const id = buffer[at + 1] ?? 0;
  const value = buffer[at + 2] ?? 0;
  switch (buffer[at]) {
    case EVENT_SPAWNED: {
      const sink = starting.get(id);
      starting.delete(id);
      if (sink === undefined) return;
      holdBack(id);
      running.set(
        id,
        sink.onSpawned({
          pid: value,
          startTicks: buffer[at + 3] ?? 0,
          inode: buffer[at + 4] ?? 0,
        }),
      );
      return;
    }
    case EVENT_SPAWN_FAILED: {
      const sink = starting.get(id);
      starting.delete(id);
      sink?.onFailed(value, buffer[at + 3] ?? 0);
      return;
    }
    case EVENT_EXITED:
      running.get(id)?.onExited(decodeExit(buffer, at + 2));
      return;
    case EVENT_EMPTY:
      running.get(id)?.onEmpty();
      return;
    case EVENT_STOPPED:
      running.get(id)?.onStopped(value);
      return;
    case EVENT_CONTINUED:
      running.get(id)?.onContinued();
      return;
    case EVENT_OCCUPIED:
      running.get(id)?.onOccupied();
      return;
    case EVENT_SCOPE_EMPTY:
      running.get(id)?.onScopeEmpty(value);
      return;
    case EVENT_SWEPT:
      running.get(id)?.onSwept(value);
      return;
    default:
      throw new Error(`unknown event ${buffer[at]}: the addon is of another version`);
  }
}

function connect(): void {
  if (connected) return;
  binding.connect(deliver, buffer);
  connected = true;
}

/** Registers a starter and returns the id to spawn under. */
export function expectSpawn(sink: SpawnSink): number {
  connect();
  // Ids are 32 bits wide in the addon. A number that is still in use after a wrap is passed over.
  do {
    lastId = (lastId + 1) % 0xffff_ffff;
  } while (starting.has(lastId) || running.has(lastId));
  starting.set(lastId, sink);
  return lastId;
}

/** The spawn was not even taken. */
export function abandonSpawn(id: number): void {
  starting.delete(id);
}

/** Nothing more can happen to this child that anybody would be told. */
export function forgetChild(id: number): void {
  running.delete(id);
  binding.forget(id);
}

/** Keeps the event loop from ending until the returned function is called (once or more). */
export function holdLoop(): () => void {
  connect();
  holds++;
  if (holds === 1) binding.keepLoopAlive(true);
  let held = true;
  return () => {
    if (!held) return;
    held = false;
    holds--;
    if (holds === 0) binding.keepLoopAlive(false);
  };
}
