/** Starts a planned program off the event loop, and says which child it became. */
import { constants } from 'node:os';

import { endChildrenAtExit } from '../child/exit-hook.js';
import { endOn } from '../child/waiting.js';
import { applyConfiguration } from '../configure.js';
import { AbortError, TimeoutError } from '../errors/index.js';
import { binding, toNumbers } from '../native/binding.js';
import {
  abandonSpawn,
  addHold,
  dropHold,
  expectSpawn,
  forgetChild,
  type ChildSink,
  type Spawned,
  type SpawnSink,
} from '../native/events.js';
import { isWide, type Scope } from '../options/scope.js';
import { isPipe } from '../options/stdio.js';
import type { Lending } from '../stdio/lending.js';
import { Timer } from '../timer.js';
import { spawnFailure, STEP_CLONE, STEP_STDIO } from './failure.js';
import type { SpawnAttempt, SpawnPlan } from './plan.js';

export interface Started {
  readonly id: number;
  readonly spawned: Spawned;
  /** Our ends of the pipes, in stdio order, lent by the addon. */
  readonly descriptors: readonly number[];
}

/** How long a cancelled start may take to be undone before its promise rejects anyway. */
const CANCEL_WAIT = 2000;

/** What a started child becomes, and who is told of what happens to it. */
export interface Adopted<Owner> {
  readonly owner: Owner;
  readonly sink: ChildSink;
}

/** Called at the moment when the child is known, before any event of its can be told. */
export type Adopt<Owner> = (started: Started) => Adopted<Owner>;

/**
 * A start, from the call on. What the call names, and what is to be as it is now (working directory,
 * mask, limits, environment), is taken when it is made: whoever made the call may go on and change it.
 */
export class Starting<Owner> implements SpawnSink {
  readonly #plan: SpawnPlan;
  readonly #attempt: SpawnAttempt;
  readonly #adopt: Adopt<Owner>;
  readonly #id: number;
  #resolve: ((owner: Owner) => void) | undefined;
  #reject: ((error: Error) => void) | undefined;
  #prepared = true;
  #cancellation: Cancellation | undefined;
  #holdsLoop = false;

  /** Throws a system error if it can't be taken: nothing is held then. */
  constructor(plan: SpawnPlan, attempt: SpawnAttempt, lending: Lending, adopt: Adopt<Owner>) {
    this.#plan = plan;
    this.#attempt = attempt;
    this.#adopt = adopt;
    applyConfiguration();
    this.#id = expectSpawn(this);
    const errno = binding.prepareSpawn(
      this.#id,
      plan.file,
      plan.argv,
      attempt.env,
      plan.cwd,
      plan.files,
      plan.cgroup,
      toNumbers(lending.numbers, attempt.numbers),
    );
    if (errno >= 0) return;
    abandonSpawn(this.#id);
    throw spawnFailure(plan, STEP_STDIO, errno);
  }

  /** Lets go of everything, unless it was submitted. */
  drop(): void {
    if (!this.#prepared) return;
    this.#prepared = false;
    binding.dropSpawn(this.#id);
    abandonSpawn(this.#id);
  }

  /**
   * Rejects with a system error, a TimeoutError or an AbortError; then nothing is left of the child.
   */
  submit(): Promise<Owner> {
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
      const { file, signal } = this.#plan;
      if (signal?.aborted !== true) return this.#submit();
      this.drop();
      reject(new AbortError(`spawn ${file}`, signal));
    });
  }

  #submit(): void {
    const plan = this.#plan;
    this.#prepared = false;
    endChildrenAtExit();
    addHold();
    this.#holdsLoop = true;
    const errno = binding.submitSpawn(this.#id);
    if (errno < 0) {
      abandonSpawn(this.#id);
      this.#fail(spawnFailure(plan, STEP_CLONE, errno));
      return;
    }
    if (plan.signal !== undefined || plan.timeout !== Infinity) {
      this.#cancellation = new Cancellation(this.#id, plan, (error) => this.#fail(error));
    }
  }

  cancel(error: AbortError): void {
    // It has a child already, or has failed, and its caller is about to hear of that.
    if (!this.#holdsLoop) return;
    this.#cancellation ??= new Cancellation(this.#id, this.#plan, (thrown) => this.#fail(thrown));
    this.#cancellation.begin(error);
  }

  onSpawned(spawned: Spawned): ChildSink {
    const id = this.#id;
    const plan = this.#plan;
    const cancellation = this.#cancellation;
    if (cancellation?.begun === true)
      return new Undoing(id, plan, this.#attempt.scope, () => cancellation.finish());
    cancellation?.stop();
    const descriptors = plan.stdio.some(isPipe) ? binding.lendDescriptors(id) : [];
    const { owner, sink } = this.#adopt({ id, spawned, descriptors });
    this.#settle();
    this.#resolve?.(owner);
    return sink;
  }

  onFailed(step: number, errno: number): void {
    if (this.#cancellation?.begun === true) return this.#cancellation.finish();
    this.#cancellation?.stop();
    this.#fail(spawnFailure(this.#plan, step, errno));
  }

  #fail(error: Error): void {
    this.#settle();
    this.#reject?.(error);
  }

  #settle(): void {
    if (this.#holdsLoop) dropHold();
    this.#holdsLoop = false;
  }
}

/** Undoes a start whose time is up or whose signal has fired. */
class Cancellation {
  readonly #id: number;
  readonly #reject: (error: Error) => void;
  readonly #callOff: () => void;
  /** Why it was cancelled, once it was. */
  #error: TimeoutError | AbortError | undefined;
  #deadline: Timer | undefined;

  constructor(id: number, { file, signal, timeout }: SpawnPlan, reject: (error: Error) => void) {
    this.#id = id;
    this.#reject = reject;
    this.#callOff = endOn(signal, timeout, (cause) => {
      const aborted = cause === 'abort' && signal !== undefined;
      const what = `spawn ${file}`;
      this.begin(aborted ? new AbortError(what, signal) : new TimeoutError(what, timeout));
    });
  }

  get begun(): boolean {
    return this.#error !== undefined;
  }

  begin(error: TimeoutError | AbortError): void {
    if (this.begun) return;
    this.#error = error;
    binding.cancelSpawn(this.#id);
    // A child that hangs in its exec for good (state D on a dead mount) can't be waited for; the
    // native side kills it if it ever comes back.
    this.#deadline = new Timer(CANCEL_WAIT, () => this.finish());
  }

  /** Nothing is left of the child, or nothing more can be done about it. */
  finish(): void {
    this.stop();
    if (this.#error !== undefined) this.#reject(this.#error);
  }

  stop(): void {
    this.#callOff();
    this.#deadline?.clear();
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
    for (const fd of binding.lendDescriptors(id)) binding.closeDescriptor(fd);
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
