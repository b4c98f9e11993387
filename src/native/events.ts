/**
 * What the native threads report, handed to whoever waits for it. One callback a wake-up brings any
 * number of events, in the order in which they happened to each child.
 *
 * That callback comes in whichever async context its first caller had. A child's events are told in the
 * one in which the child was started, as node:child_process does it.
 */
import { AsyncResource } from 'node:async_hooks';

import { setImmediate } from '../clock.js';
import { decodeExit, EXIT_FIELDS, type Exit } from '../exit.js';
import { binding } from './binding.js';
import { Slots } from './slots.js';

/** What a started child's owner is told. */
export interface ChildSink {
  /** `seenAt`: when the reaper saw it, milliseconds of CLOCK_MONOTONIC. */
  onExited(exit: Exit, seenAt: number): void;
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
  /** In which everything of this child's is to run. */
  readonly context: AsyncResource;
  /** When it was looked at; the group is held since. */
  readonly leadsGroup: boolean;
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

const SLOT = 18;
const SLOTS = 64;
// Of EVENT_EXITED, behind the exit itself.
const SEEN = 2 + EXIT_FIELDS;
const ALONE = SEEN + 1;

const buffer = new Float64Array(SLOT * SLOTS);

/** A child, from its spawn to the last that can be told of it. */
interface Entry {
  readonly context: AsyncResource;
  /** Until the spawn is told. */
  starter: SpawnSink | undefined;
  /** From then on. */
  sink: ChildSink | undefined;
  /** The turn in which the spawn was told. */
  toldIn: number;
  /** Events that wait for the next phase of the loop. */
  held: Float64Array[] | undefined;
}

const entries = new Slots<Entry>();
let connected = false;
let holds = 0;

// A program may end before its spawn has been told: then spawn and exit come in one wake-up. Whoever
// awaits the spawn must get a turn in between, or the listeners would come too late; so what follows
// a spawn in the same turn waits for the next phase of the loop.
let turn = 0;
let holding: Entry[] = [];

/** `first`: not the rest of what the last call began to tell. */
function deliver(count: number, first: boolean): void {
  if (first) turn++;
  for (let slot = 0; slot < count; slot++) {
    const at = slot * SLOT;
    const entry = entries.get(buffer[at + 1] ?? 0);
    if (entry === undefined) continue;
    if (entry.toldIn === turn || entry.held !== undefined) holdBack(entry, at);
    else tell(entry, buffer, at);
  }
}

function holdBack(entry: Entry, at: number): void {
  if (entry.held === undefined) {
    if (holding.length === 0) setImmediate(releaseHeld);
    entry.held = [];
    holding.push(entry);
  }
  entry.held.push(buffer.slice(at, at + SLOT));
}

function releaseHeld(): void {
  const all = holding;
  holding = [];
  for (const entry of all) {
    const events = entry.held ?? [];
    entry.held = undefined;
    for (const event of events) tell(entry, event, 0);
  }
}

function tell(entry: Entry, data: Float64Array, at: number): void {
  entry.context.runInAsyncScope(dispatch, undefined, entry, data, at);
}

function dispatch(entry: Entry, data: Float64Array, at: number): void {
  const value = data[at + 2] ?? 0;
  const { sink } = entry;
  switch (data[at]) {
    case EVENT_SPAWNED: {
      const { starter } = entry;
      entry.starter = undefined;
      if (starter === undefined) return;
      entry.toldIn = turn;
      entry.sink = starter.onSpawned({
        pid: value,
        startTicks: data[at + 3] ?? 0,
        inode: data[at + 4] ?? 0,
        context: entry.context,
        leadsGroup: data[at + 5] === 1,
      });
      return;
    }
    case EVENT_SPAWN_FAILED: {
      const { starter } = entry;
      entries.remove(data[at + 1] ?? 0);
      starter?.onFailed(value, data[at + 3] ?? 0);
      return;
    }
    case EVENT_EXITED:
      sink?.onExited(decodeExit(data, at + 2), data[at + SEEN] ?? 0);
      // Nobody was left in its group: that is told by the same event.
      if (data[at + ALONE] === 1) sink?.onEmpty();
      return;
    case EVENT_EMPTY:
      sink?.onEmpty();
      return;
    case EVENT_STOPPED:
      sink?.onStopped(value);
      return;
    case EVENT_CONTINUED:
      sink?.onContinued();
      return;
    case EVENT_OCCUPIED:
      sink?.onOccupied();
      return;
    case EVENT_SCOPE_EMPTY:
      sink?.onScopeEmpty(value);
      return;
    case EVENT_SWEPT:
      sink?.onSwept(value);
      return;
    default:
      throw new Error(`unknown event ${data[at]}: the addon is of another version`);
  }
}

function connect(): void {
  if (connected) return;
  binding.connect(deliver, buffer);
  connected = true;
}

/** Registers a starter and returns the id to spawn under. The child's async context is the caller's. */
export function expectSpawn(starter: SpawnSink): number {
  connect();
  const context = new AsyncResource('ReapwellChild');
  return entries.add({ context, starter, sink: undefined, toldIn: 0, held: undefined });
}

/** The spawn was not even taken. */
export function abandonSpawn(id: number): void {
  entries.remove(id);
}

/** Nothing more can happen to this child that anybody would be told. */
export function forgetChild(id: number): void {
  const entry = entries.get(id);
  if (entry === undefined) return;
  entry.sink = undefined;
  entries.remove(id);
  binding.forget(id);
}

/** Keeps the event loop from ending, until as many calls of `dropHold`. */
export function addHold(): void {
  connect();
  holds++;
  if (holds === 1) binding.keepLoopAlive(true);
}

export function dropHold(): void {
  holds--;
  if (holds === 0) binding.keepLoopAlive(false);
}
