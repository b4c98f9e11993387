/** A process: to be watched, signalled, awaited and ended. Started by us, or attached to. */
import { Deferred } from '../deferred.js';
import { ForeignGroupError, invalidValue, tellingAwaiters } from '../errors/index.js';
import type { Exit, ResourceUsage } from '../exit.js';
import type { ProcessIdentity } from '../identity.js';
import { binding } from '../native/binding.js';
import type { ChildSink } from '../native/events.js';
import {
  ESCALATION_KEYS,
  chooseEscalation,
  type EscalationChoice,
  type EscalationOptions,
  stepsOf,
  type EscalationStep,
} from '../options/escalation.js';
import { isWide, SCOPES, type Scope } from '../options/scope.js';
import { checkAbortSignal, checkDuration, checkOneOf, checkOptions } from '../options/validate.js';
import { signalNumber, type Signal } from '../signals.js';
import type { Pipe } from '../stdio/pipe.js';
import { Escalation } from '../terminate/escalation.js';
import type { Termination } from '../terminate/termination.js';
import { ChangeFeed } from './changes.js';
import { ProcessEmitter } from './emitter.js';
import { EscalationOfChild } from './escalation-of-child.js';
import { addLiving, removeLiving } from './living.js';
import { Lifetime, type LifetimeListener } from './lifetime.js';
import { liveUsage } from './live-usage.js';
import type { ProcessInfo } from './members.js';
import { scopeMembers } from './scope-members.js';
import type { ChildSetup, WaitOptions } from './setup.js';
import { RUNNING, type ChildState } from './state.js';
import { endOn, waitFor, type EndedBy } from './waiting.js';

const WAIT_KEYS: ReadonlySet<string> = new Set(['timeout', 'signal']);
const TERMINATE_KEYS: ReadonlySet<string> = new Set(ESCALATION_KEYS);

export class Process extends ProcessEmitter implements AsyncDisposable {
  readonly pid: number;
  readonly pgid: number;
  /** Serializable, and still true of this process alone when we are gone. */
  readonly identity: ProcessIdentity;
  /** What the escalation and `empty` cover. */
  readonly scope: Scope;
  /** Our ends of the process's pipes, in the order of its descriptors; none if it is not our child. */
  protected readonly pipes: readonly (Pipe | null)[];

  readonly #lifetime: Lifetime<Process>;
  readonly #setup: ChildSetup<never>;
  #changes: ChangeFeed | undefined;
  #escalation: Escalation | undefined;
  #endedBy: EndedBy | undefined;
  #ending: Deferred<Termination> | undefined;
  #released = false;
  readonly #stopEnding: () => void;
  /** Among those that are to be ended; 0 if it is not our child. */
  readonly #living: number;

  /** @internal Use `spawn`. */
  constructor(setup: ChildSetup<never>) {
    super(setup.id);
    this.#setup = setup;
    this.identity = setup.identity;
    this.pid = setup.identity.pid;
    this.pgid = setup.pgid;
    this.scope = setup.scope;
    this.pipes = setup.pipes;
    this.#lifetime = new Lifetime(setup.id, setup, this, Process.#told);
    this.#living = setup.attached ? 0 : addLiving(this);
    this.#stopEnding = endOn(setup.signal, setup.timeout, (cause) => {
      // Its outcome is in `empty`, `exited` and whatever `terminate()` the caller joins. Who fires a
      // signal is a stranger to this child.
      setup.context.runInAsyncScope(() => void this.endBecause(cause));
    });
  }

  static readonly #told: LifetimeListener<Process> = {
    exited: (process, exit) => process.#onExited(exit),
    empty: (process) => process.#onEmpty(),
    stopped: (process, state) => process.#onStopped(state),
    continued: (process) => process.#onContinued(),
  };

  /** @internal Who is told what happens; for `start`. */
  static sinkOf(child: Process): ChildSink {
    return child.#lifetime;
  }

  /** @internal For `run`, which reads them itself. */
  static pipesOf(child: Process): readonly (Pipe | null)[] {
    return child.pipes;
  }

  /** One look: a single system call on the child, or none once its exit is known. */
  poll(): ChildState {
    return this.#lifetime.poll();
  }

  /** The leader's exit. Resolves once, never rejects. */
  get exited(): Promise<Exit> {
    return this.#lifetime.exited;
  }

  /**
   * Resolves when no live member is left in the scope (zombies that some init has not reaped yet
   * don't count). Reading it keeps the event loop alive until then, unless the child is unref'd.
   */
  get empty(): Promise<void> {
    return this.#lifetime.empty;
  }

  /** @internal Like `empty`, but it asks for nothing. */
  get isEmpty(): boolean {
    return this.#lifetime.isEmpty;
  }

  /** Why this library started to end the child; undefined if it did not. */
  get endedBy(): EndedBy | undefined {
    return this.#endedBy;
  }

  /** Rejects with TimeoutError or AbortError; the child is left alone then. */
  async wait(options: WaitOptions = {}): Promise<Exit> {
    const checked = checkOptions(options, WAIT_KEYS);
    const timeout =
      checked.timeout === undefined ? Infinity : checkDuration('options.timeout', checked.timeout);
    const signal =
      checked.signal === undefined ? undefined : checkAbortSignal('options.signal', checked.signal);
    const what = `waiting for process ${this.pid}`;
    const exit = await tellingAwaiters(waitFor(this.exited, what, timeout, signal));
    return exit;
  }

  /**
   * Signals the leader, the whole group, or the process's own scope if that is wider (which reads /proc
   * on the event loop; `terminate` does not). False: nothing was left to signal (and, after the end of
   * what is to be signalled, no system call was made). Throws a system error, e.g. EPERM.
   */
  kill(signal: Signal = 'SIGTERM', scope: Scope = 'leader'): boolean {
    const number = signalNumber(signal);
    const what = checkOneOf('scope', scope, SCOPES);
    if (what === 'leader') return this.#lifetime.signalLeader(number);
    if (isWide(what)) {
      if (what !== this.scope) throw invalidValue('scope', `is not what it was started with`, what);
      return this.#lifetime.signalScope(number);
    }
    if (!this.#setup.hasGroup) throw new ForeignGroupError(this.pid);
    return this.#lifetime.signalGroup(number);
  }

  /** The live members of the scope. Throws NoProcError where /proc can't be read. */
  members(): ProcessInfo[] {
    return scopeMembers(this.#lifetime, this);
  }

  /** Of the leader: from /proc while it lives, final from its reaping. */
  usage(): ResourceUsage {
    const before = this.poll();
    if (before.state === 'exited') return before.exit.usage;
    const usage = liveUsage(this.pid);
    // What was read was this process only if it has not been reaped since.
    const after = this.poll();
    return after.state === 'exited' ? after.exit.usage : usage;
  }

  /**
   * Ends the scope, step by step, and settles when it is empty or the last step's wait is over. Joins
   * an escalation that is under way, and then may only shorten it; after a failed one, starts anew.
   * Options that are left out are those of the spawn.
   */
  async terminate(options: EscalationOptions<this> = {}): Promise<Termination> {
    return this.endWith(chooseEscalation<never>(checkOptions(options, TERMINATE_KEYS)));
  }

  /** @internal `terminate`, with options that have been checked. */
  endWith(choice: EscalationChoice<never>): Promise<Termination> {
    return this.#terminate('terminate', stepsOf(choice, this.#setup.escalation));
  }

  /** @internal The first escalation's result, whoever started it. */
  get ending(): Promise<Termination> {
    return (this.#ending ??= new Deferred()).promise;
  }

  /** @internal `run` and the options of `spawn` say why. */
  endBecause(cause: EndedBy): Promise<Termination> {
    return this.#terminate(cause, stepsOf(this.#setup.escalation));
  }

  async #terminate(cause: EndedBy, steps: readonly EscalationStep<never>[]): Promise<Termination> {
    if (this.#escalation !== undefined) {
      this.#escalation.shorten(steps);
      return this.#escalation.result;
    }
    if (this.poll().state !== 'exited') this.#endedBy ??= cause;
    const escalation = new Escalation(
      new EscalationOfChild(this, this.#lifetime, this.pipes[0] ?? null),
      steps,
    );
    this.#escalation = escalation;
    try {
      const termination = await escalation.result;
      (this.#ending ??= new Deferred()).resolve(termination);
      return termination;
    } finally {
      this.#escalation = undefined;
    }
  }

  /**
   * Hands the process over: disposal, the end of this process, and the spawn's `signal` and `timeout`
   * no longer end it, and with a scope of 'session' or 'tree' its zombie is no longer kept. A
   * parent-death signal can't be taken back; start with `parentDeathSignal: null` for that.
   */
  release(): void {
    this.#released = true;
    this.#stopEnding();
    removeLiving(this.#living);
    binding.release(this.#setup.id);
    this.#setup.onRelease?.();
  }

  /** The kernel's out-of-memory killer ended processes of its cgroup. Known once it is empty. */
  get oomKilled(): boolean {
    return this.#lifetime.oomKilled;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#released) await this.terminate();
  }

  /** Waiting for this child keeps the event loop alive. The default. */
  ref(): this {
    return this.#reference(true);
  }

  /** Neither this child nor its pipes keep the event loop alive. */
  unref(): this {
    return this.#reference(false);
  }

  #reference(on: boolean): this {
    this.#lifetime.reference(on);
    this.#escalation?.reference(on);
    for (const pipe of this.pipes) pipe?.reference(on);
    return this;
  }

  /**
   * Every stop, continue and the exit, from now on, and first the stop that is; ends after the exit.
   */
  changes(): AsyncIterableIterator<ChildState> {
    this.#changes ??= new ChangeFeed(this.#setup.id);
    return this.#changes.subscribe(this.poll(), this.#lifetime.exitTold);
  }

  #onExited(exit: Exit): void {
    this.#changes?.push({ state: 'exited', exit });
    this.pipes[0]?.destroy();
    this.tell('exit', exit);
  }

  #onEmpty(): void {
    this.#stopEnding();
    removeLiving(this.#living);
    for (let i = 1; i < this.pipes.length; i++) this.pipes[i]?.drain();
    this.tell('empty');
    this.removeAllListeners('stop').removeAllListeners('continue');
  }

  #onStopped(state: ChildState): void {
    this.#changes?.push(state);
    if (state.state === 'stopped') this.tellStop(state.signal);
  }

  #onContinued(): void {
    this.#changes?.push(RUNNING);
    this.tellContinue();
  }
}
