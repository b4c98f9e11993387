/**
 * One child as the native side tells of it: running, exited, its scope empty. Knows nothing of
 * streams, events or escalations; `Child` stands on it.
 */
import { Deferred } from '../deferred.js';
import { isErrno, systemError } from '../errors/index.js';
import { decodeExit, EXIT_FIELDS, type Exit } from '../exit.js';
import type { ProcessIdentity } from '../identity.js';
import { binding } from '../native/binding.js';
import { addHold, dropHold, forgetChild, type ChildSink } from '../native/events.js';
import type { Scope } from '../options/scope.js';
import { signalName, type Signal } from '../signals.js';
import { publishContinue, publishExit, publishStop, wantsStops } from '../telemetry/publish.js';
import { RUNNING, type ChildState } from './state.js';

/** One for all owners: ten thousand children have no closures each. */
export interface LifetimeListener<Owner> {
  exited(owner: Owner, exit: Exit): void;
  /** No live member is left in the scope. */
  empty(owner: Owner): void;
  stopped(owner: Owner, state: ChildState): void;
  continued(owner: Owner): void;
}

/** What a lifetime needs to know of its process. */
interface About {
  readonly identity: ProcessIdentity;
  /** In a group of ours, whose end is told apart from the leader's. */
  readonly hasGroup: boolean;
  readonly scope: Scope;
  /** Not our child. */
  readonly attached: boolean;
}

const scratch = new Float64Array(EXIT_FIELDS);

export class Lifetime<Owner> implements ChildSink {
  readonly id: number;
  readonly #about: About;
  readonly #owner: Owner;
  readonly #listener: LifetimeListener<Owner>;
  readonly #exited = new Deferred<Exit>();
  #empty: Deferred<void> | undefined;
  #occupied: Deferred<void> | undefined;
  #exit: (ChildState & { state: 'exited' }) | undefined;
  #exitTold = false;
  #groupEmpty = false;
  #oomKilled = false;
  /** What it is stopped by, as was told. */
  #stop: Signal | undefined;
  #sweeps: ((errno: number) => void)[] | undefined;
  #isEmpty = false;
  #referenced = true;
  #awaitsEmpty = false;
  #holds = true;
  readonly #watchesStops = wantsStops();

  constructor(id: number, about: About, owner: Owner, listener: LifetimeListener<Owner>) {
    this.id = id;
    this.#about = about;
    this.#owner = owner;
    this.#listener = listener;
    addHold();
    if (this.#watchesStops) binding.adjustStopListeners(1);
  }

  get exited(): Promise<Exit> {
    return this.#exited.promise;
  }

  /** Whether the exit has been told; `poll` may know of it earlier. */
  get exitTold(): boolean {
    return this.#exitTold;
  }

  get isEmpty(): boolean {
    return this.#isEmpty;
  }

  get groupEmpty(): boolean {
    return this.#groupEmpty;
  }

  /** Asking for it keeps the event loop alive until it comes, as waiting for the exit does. */
  get empty(): Promise<void> {
    this.#awaitsEmpty = true;
    this.#hold();
    return this.whenEmpty;
  }

  /** Resolves if the leader exits and live members of the scope are seen after it. */
  get occupied(): Promise<void> {
    return (this.#occupied ??= new Deferred()).promise;
  }

  get whenEmpty(): Promise<void> {
    return (this.#empty ??= new Deferred()).promise;
  }

  /** A single system call on the child, or none once its exit is known. */
  poll(): ChildState {
    if (this.#exit !== undefined) return this.#exit;
    const seen = binding.look(this.id);
    if (seen === 0) return RUNNING;
    if (seen > 0) return { state: 'stopped', signal: signalName(seen) };
    binding.lookAtExit(this.id, scratch);
    return this.#learn(decodeExit(scratch, 0));
  }

  /** `signal` 0 only asks. False: nothing was left to signal. */
  signalLeader(signal: number): boolean {
    if (this.#exit !== undefined) return false;
    return this.#sent(binding.signalLeader(this.id, signal));
  }

  signalGroup(signal: number): boolean {
    if (this.#groupEmpty) return false;
    return this.#sent(binding.signalGroup(this.id, signal));
  }

  /** Every live member of a scope wider than a group. Reads /proc on this thread. */
  signalScope(signal: number): boolean {
    if (this.#isEmpty) return false;
    return this.#sent(binding.signalScope(this.id, signal));
  }

  /** The same on a thread of its own. */
  async sweepScope(signal: number): Promise<boolean> {
    if (this.#isEmpty || binding.sweepScope(this.id, signal) < 0) return false;
    return this.#sent(
      await new Promise<number>((resolve) => {
        (this.#sweeps ??= []).push(resolve);
      }),
    );
  }

  get oomKilled(): boolean {
    return this.#oomKilled;
  }

  /** Whether the group answers. EPERM is an answer: somebody is there whom we may not signal. */
  groupExists(): boolean {
    return !this.#groupEmpty && !isErrno(binding.signalGroup(this.id, 0), 'ESRCH');
  }

  #sent(errno: number): boolean {
    if (errno >= 0) return true;
    if (isErrno(errno, 'ESRCH')) return false;
    throw systemError(errno, 'kill', { pid: this.#about.identity.pid });
  }

  get referenced(): boolean {
    return this.#referenced;
  }

  reference(on: boolean): void {
    this.#referenced = on;
    this.#hold();
  }

  #hold(): void {
    const wanted = this.#referenced && (!this.#exitTold || (this.#awaitsEmpty && !this.#isEmpty));
    if (wanted === this.#holds) return;
    this.#holds = wanted;
    if (wanted) addHold();
    else dropHold();
  }

  // What poll() said first stays what everybody is told, to the very object.
  #learn(exit: Exit): ChildState & { state: 'exited' } {
    this.#exit ??= Object.freeze({ state: 'exited', exit });
    return this.#exit;
  }

  onExited(told: Exit, seenAt: number): void {
    const { exit } = this.#learn(told);
    this.#exitTold = true;
    if (this.#watchesStops) binding.adjustStopListeners(-1);
    publishExit(this.#about.identity, this.#about.attached, exit, seenAt);
    this.#hold();
    this.#exited.resolve(exit);
    this.#listener.exited(this.#owner, exit);
    if (this.#about.scope === 'leader') this.#settle();
    this.#forgetWhenOver();
  }

  onStopped(number: number): void {
    const signal = signalName(number);
    // Told once more when somebody else begins to listen.
    if (this.#stop !== signal) publishStop(this.#about.identity, signal);
    this.#stop = signal;
    this.#listener.stopped(this.#owner, Object.freeze({ state: 'stopped', signal }));
  }

  onContinued(): void {
    this.#stop = undefined;
    publishContinue(this.#about.identity);
    this.#listener.continued(this.#owner);
  }

  onOccupied(): void {
    (this.#occupied ??= new Deferred()).resolve();
  }

  onSwept(errno: number): void {
    this.#sweeps?.shift()?.(errno);
  }

  /** Of the group: its scope's emptiness if it is no wider. */
  onEmpty(): void {
    this.#groupEmpty = true;
    if (this.#about.scope === 'group') this.#settle();
    this.#forgetWhenOver();
  }

  onScopeEmpty(oomKills: number): void {
    this.#oomKilled = oomKills > 0;
    this.#settle();
    this.#forgetWhenOver();
  }

  #forgetWhenOver(): void {
    if (this.#exitTold && this.#isEmpty && (this.#groupEmpty || !this.#about.hasGroup)) {
      forgetChild(this.id);
    }
  }

  #settle(): void {
    this.#isEmpty = true;
    this.#hold();
    (this.#empty ??= new Deferred()).resolve();
    this.#listener.empty(this.#owner);
  }
}
