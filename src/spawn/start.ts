/** Starts a planned program off the event loop, and says which child it became. */
import { closeSync } from 'node:fs';
import { constants } from 'node:os';

import { applyConfiguration } from '../configure.js';
import { AbortError, TimeoutError } from '../errors/index.js';
import { binding, toNumbers } from '../native/binding.js';
import {
  abandonSpawn,
  expectSpawn,
  forgetChild,
  holdLoop,
  type ChildSink,
  type Spawned,
} from '../native/events.js';
import { isWide, type Scope } from '../options/scope.js';
import { isPipe, stopReading } from '../options/stdio.js';
import { Timer } from '../timer.js';
import { spawnFailure, STEP_CLONE } from './failure.js';
import type { SpawnAttempt, SpawnPlan } from './plan.js';

export interface Started {
  readonly id: number;
  readonly spawned: Spawned;
  /** Our ends of the pipes, in stdio order; the receiver owns them. */
  readonly descriptors: readonly number[];
}

/** How long a cancelled start may take to be undone before its promise rejects anyway. */
const CANCEL_WAIT = 2000;

/** What a started child becomes, and who is told of what happens to it. */
export interface Adopted<Owner> {
  readonly owner: Owner;
  readonly sink: ChildSink;
}

/**
 * `adopt` is called at the moment when the child is known, before any event of its can be told.
 * Rejects with a system error, a TimeoutError or an AbortError; then nothing is left of the child.
 */
export function start<Owner>(
  plan: SpawnPlan,
  attempt: SpawnAttempt,
  adopt: (started: Started) => Adopted<Owner>,
): Promise<Owner> {
  applyConfiguration();
  const { signal } = plan;
  if (signal?.aborted === true) return Promise.reject(new AbortError(`spawn ${plan.file}`, signal));
  return new Promise((resolve, reject) => {
    const release = holdLoop();
    const cancellation = new Cancellation(plan, (error) => {
      release();
      reject(error);
    });
    const id = expectSpawn({
      onSpawned(spawned) {
        const { error } = cancellation;
        if (error !== undefined)
          return new Undoing(id, plan, attempt.scope, () => cancellation.finish());
        cancellation.stop();
        const descriptors = plan.stdio.some(isPipe) ? binding.takeDescriptors(id) : [];
        const { owner, sink } = adopt({ id, spawned, descriptors });
        release();
        resolve(owner);
        return sink;
      },
      onFailed(step, errno) {
        if (cancellation.error !== undefined) return cancellation.finish();
        cancellation.stop();
        release();
        reject(spawnFailure(plan, step, errno));
      },
    });
    for (const { stream } of plan.stdio) if (stream !== undefined) stopReading(stream);
    const errno = binding.spawn(
      id,
      plan.file,
      plan.argv,
      attempt.env,
      plan.cwd,
      plan.files,
      plan.cgroup,
      toNumbers(attempt.numbers),
    );
    if (errno < 0) {
      abandonSpawn(id);
      release();
      reject(spawnFailure(plan, STEP_CLONE, errno));
      return;
    }
    cancellation.watch(id);
  });
}

/** Undoes a start whose time is up or whose signal has fired. */
class Cancellation {
  /** Why it was cancelled, once it was. */
  error: TimeoutError | AbortError | undefined;
  readonly #plan: SpawnPlan;
  readonly #reject: (error: Error) => void;
  #timer: Timer | undefined;
  #stopListening: (() => void) | undefined;

  constructor(plan: SpawnPlan, reject: (error: Error) => void) {
    this.#plan = plan;
    this.#reject = reject;
  }

  watch(id: number): void {
    const { signal, timeout, file } = this.#plan;
    if (timeout !== Infinity) {
      this.#timer = new Timer(timeout, () => {
        this.#cancel(id, new TimeoutError(`spawn ${file}`, timeout));
      });
    }
    if (signal !== undefined) {
      const onAbort = (): void => this.#cancel(id, new AbortError(`spawn ${file}`, signal));
      signal.addEventListener('abort', onAbort, { once: true });
      this.#stopListening = () => signal.removeEventListener('abort', onAbort);
    }
  }

  #cancel(id: number, error: TimeoutError | AbortError): void {
    this.stop();
    this.error = error;
    binding.cancelSpawn(id);
    // A child that hangs in its exec for good (state D on a dead mount) can't be waited for; the
    // native side kills it if it ever comes back.
    this.#timer = new Timer(CANCEL_WAIT, () => this.finish());
  }

  /** Nothing is left of the child, or nothing more can be done about it. */
  finish(): void {
    this.stop();
    if (this.error !== undefined) this.#reject(this.error);
  }

  stop(): void {
    this.#timer?.clear();
    this.#stopListening?.();
  }
}

/** A child that had just started when its start was cancelled: killed, and awaited to its end. */
class Undoing implements ChildSink {
  readonly #id: number;
  readonly #plan: SpawnPlan;
  readonly #scope: Scope;
  readonly #onEnd: () => void;

  constructor(id: number, plan: SpawnPlan, scope: Scope, onEnd: () => void) {
    this.#id = id;
    this.#plan = plan;
    this.#scope = scope;
    this.#onEnd = onEnd;
    for (const fd of binding.takeDescriptors(id)) closeSync(fd);
    this.#kill();
  }

  // A group that the child only joined is not ours to end.
  #kill(): void {
    const { SIGKILL } = constants.signals;
    if (isWide(this.#scope)) binding.sweepScope(this.#id, SIGKILL);
    else if (this.#plan.leadsGroup) binding.signalGroup(this.#id, SIGKILL);
    binding.signalLeader(this.#id, SIGKILL);
  }

  onExited(): void {
    if (this.#plan.leadsGroup) this.#kill();
    else this.#end();
  }

  onEmpty(): void {
    if (this.#plan.leadsGroup && !isWide(this.#scope)) this.#end();
  }

  onScopeEmpty(): void {
    this.#end();
  }

  #end(): void {
    forgetChild(this.#id);
    this.#onEnd();
  }

  onStopped(): void {}
  onContinued(): void {}
  onSwept(): void {}
  onOccupied(): void {}
}
