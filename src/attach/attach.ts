/** A handle for a process that is not our child, or that somebody else reaps. */
import { ChildProcess } from 'node:child_process';

import { applyConfiguration } from '../configure.js';
import { Process } from '../child/process.js';
import { ForeignGroupError, invalidType, systemError, tellingAwaiters } from '../errors/index.js';
import { identityOf, isThisBoot, type ProcessIdentity } from '../identity.js';
import { binding } from '../native/binding.js';
import { abandonSpawn, expectSpawn } from '../native/events.js';
import {
  ESCALATION_KEYS,
  chooseEscalation,
  type EscalationChoice,
  type EscalationOptions,
} from '../options/escalation.js';
import { SCOPES, type Scope } from '../options/scope.js';
import {
  checkInteger,
  checkOneOf,
  checkOptions,
  isObject,
  unreadable,
} from '../options/validate.js';

export interface AttachOptions extends EscalationOptions<Process> {
  /**
   * `'group'` needs the process to lead its group. @default 'leader'
   */
  readonly scope?: 'leader' | 'group' | undefined;
}

interface AttachTarget {
  readonly pid: number;
  /** 0: whoever has the number now. */
  readonly startTicks: number;
  readonly inode: number;
}

const KEYS: ReadonlySet<string> = new Set([...ESCALATION_KEYS, 'scope']);
const MAX_PID = 0x7fff_ffff;

/**
 * Watches, signals and ends a process that this library did not start: by pid, as a `ChildProcess` of
 * node:child_process, or by the `identity` that an earlier handle had.
 *
 * Its exit is told by pidfd, and its status where the kernel tells it to a non-parent (Linux 6.15, once
 * its parent has reaped it); else `known` is false and `code` and `signal` are null. By which signal it
 * was stopped is told to its parent alone; SIGSTOP stands for all of them. Without pidfds its start time
 * is compared at intervals that grow from 1 ms to 1 s, and its group is not signalled once its parent has
 * reaped it (EPERM): nothing keeps the number from becoming a stranger's. Members that live on are still
 * watched, and named as survivors.
 *
 * Rejects with ESRCH if there is no such process, or the identity is another's; with EPERM and its like
 * as the kernel says; with ForeignGroupError if scope 'group' is asked for and it does not lead its
 * group. Nothing is ever signalled by attaching or by letting go.
 */
export async function attach(
  target: number | ChildProcess | ProcessIdentity,
  options?: AttachOptions,
): Promise<Process> {
  const checked = checkOptions(options, KEYS);
  const scope =
    checked.scope === undefined
      ? 'leader'
      : checkOneOf<'leader' | 'group'>('options.scope', checked.scope, ['leader', 'group']);
  const escalation = chooseEscalation<never>(checked);
  const { pid, startTicks, inode } = checkTarget(target);
  applyConfiguration();
  const process = await tellingAwaiters(start(pid, startTicks, scope, escalation));
  // The start time has a resolution of 10 ms; the inode, where both have one, is never used twice.
  if (inode !== 0 && process.identity.inode !== 0 && process.identity.inode !== inode) {
    letGo(process);
    throw systemError(-3, 'attach', { pid });
  }
  if (scope === 'group' && process.pgid !== pid) {
    letGo(process);
    throw new ForeignGroupError(pid);
  }
  return process;
}

/** Nobody's any more: it must not keep the event loop alive. */
export function letGo(process: Process): void {
  process.release();
  process.unref();
}

function checkTarget(target: unknown): AttachTarget {
  if (typeof target === 'number') {
    return { pid: checkInteger('target', target, 2, MAX_PID), startTicks: 0, inode: 0 };
  }
  if (!isObject(target)) {
    throw invalidType('target', 'a pid, a ChildProcess or an identity', target);
  }
  try {
    return target instanceof ChildProcess ? ofNode(target) : ofIdentity(target);
  } catch (error) {
    throw unreadable('target', target, error);
  }
}

function ofNode({ pid }: ChildProcess): AttachTarget {
  // Without a pid it was never started, or Node has let go of it.
  if (pid === undefined) throw systemError(-3, 'attach');
  return { pid: checkInteger('target.pid', pid, 2, MAX_PID), startTicks: 0, inode: 0 };
}

function ofIdentity(target: Record<string, unknown>): AttachTarget {
  const { bootId, startTicks, inode } = target;
  const pid = checkInteger('target.pid', target.pid, 2, MAX_PID);
  const number = (key: string, value: unknown): number =>
    checkInteger(`target.${key}`, value ?? 0, 0, Number.MAX_SAFE_INTEGER);
  if (!isThisBoot(bootId)) throw systemError(-3, 'attach', { pid });
  return { pid, startTicks: number('startTicks', startTicks), inode: number('inode', inode) };
}

function start(
  pid: number,
  startTicks: number,
  scope: Scope,
  escalation: EscalationChoice<never>,
): Promise<Process> {
  return new Promise((resolve, reject) => {
    const id = expectSpawn({
      onSpawned(spawned) {
        // One that leads a group may leave it, and its scope is still that group and itself.
        const pgid = spawned.leadsGroup ? pid : Math.max(0, binding.getpgid(pid));
        const process = new Process({
          id,
          context: spawned.context,
          identity: identityOf(pid, spawned.startTicks, spawned.inode),
          pgid,
          hasGroup: spawned.leadsGroup,
          attached: true,
          scope,
          escalation,
          pipes: [],
          onRelease: undefined,
          signal: undefined,
          timeout: Infinity,
        });
        resolve(process);
        return Process.sinkOf(process);
      },
      onFailed: (_step, errno) => reject(systemError(errno, 'attach', { pid })),
    });
    const errno = binding.attach(id, pid, startTicks, SCOPES.indexOf(scope));
    if (errno === 0) return;
    abandonSpawn(id);
    reject(systemError(errno, 'attach', { pid }));
  });
}
