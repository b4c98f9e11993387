/** Listings of all processes with their cookies, shared by everybody who asks at the same time. */
import { now } from '../clock.js';
import { NoProcError } from '../errors/index.js';
import { decodeProcess } from '../child/members.js';
import { binding } from '../native/binding.js';
import { Timer } from '../timer.js';
import type { ListedProcess } from './left.js';

type Listing = readonly ListedProcess[];

// A process in its exec has neither the name from its birth any more nor an environment yet.
const EXEC_TIME = 300;
const EXEC_LOOK = 10;
const KERNEL_THREADS = 2;

/** One listing at a time, and one after it for all who asked meanwhile. */
class Shared {
  readonly #make: () => Promise<Listing>;
  #running: Promise<Listing> | undefined;
  #next: Promise<Listing> | undefined;

  constructor(make: () => Promise<Listing>) {
    this.#make = make;
  }

  take(): Promise<Listing> {
    if (this.#running === undefined) {
      this.#running = this.#make().finally(() => {
        this.#running = undefined;
      });
      return this.#running;
    }
    // The one under way may have passed what the caller wants to see.
    this.#next ??= this.#running
      .catch(() => undefined)
      .then(() => {
        this.#next = undefined;
        return this.take();
      });
    return this.#next;
  }
}

export class Census {
  readonly #plain = new Shared(list);
  readonly #settled = new Shared(listSettled);

  /** A listing that was begun after the call. Rejects with NoProcError where /proc can't be read. */
  take(): Promise<Listing> {
    return this.#plain.take();
  }

  /** The same, but nobody in it is in the middle of an exec, where no cookie can be seen. */
  takeSettled(): Promise<Listing> {
    return this.#settled.take();
  }
}

async function listSettled(): Promise<Listing> {
  const until = now() + EXEC_TIME;
  const known = new Set<string>();
  for (;;) {
    const listing = await list();
    const inExec = listing.filter(
      ({ cookies, ppid, pid }) =>
        cookies === undefined && pid !== KERNEL_THREADS && ppid !== KERNEL_THREADS,
    );
    // One without an environment in every look has none, rather than not yet.
    const isNew = inExec.some(({ pid, identity }) => !known.has(`${pid} ${identity.startTicks}`));
    if (inExec.length === 0 || now() > until) return listing;
    if (!isNew && known.size > 0) return listing;
    for (const { pid, identity } of inExec) known.add(`${pid} ${identity.startTicks}`);
    await new Promise<void>((resolve) => void new Timer(EXEC_LOOK, resolve));
  }
}

async function list(): Promise<Listing> {
  const listed = await binding.listCookies();
  if (listed === null) throw new NoProcError();
  return listed.flatMap(([fields, cookies]) => {
    const info = decodeProcess(fields);
    if (info.pid === process.pid || info.pid === 1) return [];
    const split = typeof cookies === 'string' ? cookies.split(',') : cookies;
    return [{ ...info, cookies: split }];
  });
}
