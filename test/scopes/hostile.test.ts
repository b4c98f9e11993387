// Ten jobs that today's tools leave behind, each ended under every scope that promises to hold it.
import { describe, expect, test } from 'vitest';
import { capabilities, type Child, type Scope, type SpawnOptions } from '../../src/index.js';
import { fixture } from '../support/fixture.js';
import type { Stat } from '../support/proc.js';
import { waitFor } from '../support/wait-for.js';
import { startMarked, type MarkedJob } from './marked.js';

interface HostileJob {
  /** What it does, for Bash. */
  script?: string;
  file?: string;
  /** It has become what its name says. */
  isReady: (live: Stat[], child: Child) => boolean;
  scopes: Scope[];
  method: 'sigterm' | 'sigkill';
  options?: SpawnOptions<Child>;
}

const all: Scope[] = ['group', 'session', 'tree', 'cgroup'];
const beyondGroup: Scope[] = ['session', 'tree', 'cgroup'];
const beyondSession: Scope[] = ['tree', 'cgroup'];

const sleepers = (live: Stat[]) => live.filter(({ command }) => command === 'sleep');
const quiet = '</dev/null >/dev/null 2>&1';
// Nobody else's processes count against its limit.
const bomber = 60_000 + (process.pid % 5000);

const jobs: Record<string, HostileJob> = {
  'a grandchild that ignores SIGTERM and holds no pipe': {
    script: `(trap "" TERM; exec sleep 60 ${quiet}) & exit 0`,
    isReady: (live) => live.length === 1 && sleepers(live).length === 1,
    scopes: all,
    method: 'sigkill',
  },
  'a grandchild in a session of its own': {
    script: `setsid sleep 60 ${quiet} & wait`,
    isReady: (live) => sleepers(live).some(({ pid, sid }) => pid === sid),
    scopes: beyondSession,
    method: 'sigterm',
  },
  'a daemon by double fork': {
    script: `(setsid sleep 60 ${quiet} &); exit 0`,
    isReady: (live) => live.length === 1 && sleepers(live).some(({ pid, sid }) => pid === sid),
    scopes: beyondSession,
    method: 'sigterm',
  },
  'a stopped leader': {
    script: 'kill -STOP $$; sleep 60',
    isReady: (live, { pid }) => live.some((each) => each.pid === pid && each.state === 'T'),
    scopes: all,
    method: 'sigterm',
  },
  'a stopped member': {
    script: 'sleep 60 & kill -STOP $!; wait',
    isReady: (live) => live.some(({ state, ppid }) => state === 'T' && ppid !== 1),
    scopes: all,
    method: 'sigterm',
  },
  'a pipe that a member holds': {
    script: 'sleep 60 & exit 0',
    isReady: (live) => live.length === 1 && sleepers(live).length === 1,
    scopes: all,
    method: 'sigterm',
  },
  'a fork in the handler of SIGTERM': {
    script: `trap 'trap "" TERM; sleep 61 ${quiet} & exit 0' TERM; sleep 60 & wait`,
    isReady: (live) => sleepers(live).length === 1,
    scopes: all,
    method: 'sigkill',
  },
  'the pipelines of a job-control shell': {
    script: 'set -m; sleep 60 | sleep 60 & sleep 60 & wait',
    isReady: (live, { pid }) => sleepers(live).filter(({ pgid }) => pgid !== pid).length === 3,
    scopes: beyondGroup,
    method: 'sigterm',
  },
  'nohup and disown with every descriptor closed': {
    script: 'set -m; nohup sleep 60 <&- >&- 2>&- & disown; exit 0',
    isReady: (live) => live.length === 1 && sleepers(live).length === 1,
    scopes: beyondGroup,
    method: 'sigterm',
  },
  'a fork bomb whose every process leads a session': {
    file: fixture('setsid-bomb'),
    isReady: (live) => live.length >= 30,
    scopes: beyondSession,
    method: 'sigkill',
    options: { limits: { nproc: 40 }, uid: bomber, gid: bomber, groups: [] },
  },
};

function startJob(job: HostileJob, scope: Scope): Promise<MarkedJob> {
  const { file = '/bin/bash', script, options } = job;
  const args = script === undefined ? [] : ['-c', script];
  return startMarked(file, args, scope, options);
}

async function ready(job: HostileJob, { child, live }: MarkedJob): Promise<Stat[]> {
  return waitFor(() => {
    const now = live();
    return job.isReady(now, child) ? now : undefined;
  });
}

/** One who is awaited at its SIGTERM gets all the time it may need on a busy machine. */
const waits = ({ method }: HostileJob) => ({
  eofWait: 20,
  grace: method === 'sigterm' ? 15_000 : 200,
  killWait: 15_000,
});

function whyNot(scope: Scope, { options }: HostileJob): string | undefined {
  if (scope === 'cgroup' && !capabilities().cgroup.writable) return 'no cgroup v2 is writable here';
  if (options?.uid !== undefined && process.getuid?.() !== 0) return 'only root can change the uid';
  return undefined;
}

describe.each(Object.entries(jobs))('%s', (_, job) => {
  for (const scope of job.scopes) {
    const reason = whyNot(scope, job);
    test.skipIf(reason !== undefined)(
      `is ended under '${scope}'${reason === undefined ? '' : ` (skipped: ${reason})`}`,
      async () => {
        const started = await startJob(job, scope);
        await ready(job, started);
        const { child, live } = started;
        const termination = await child.terminate(waits(job));
        expect(live()).toEqual([]);
        expect(termination).toMatchObject({ method: job.method, survivors: [] });
        expect(child.scope).toBe(scope);
        expect(child.members()).toEqual([]);
        await child.exited;
        await child.empty;
        // Nobody is left who could hold it.
        await waitFor(() => child.stdout!.closed);
      },
    );
  }

  // What shows that the tests above would notice if a scope held less than it says.
  if (!job.scopes.includes('group') && job.script !== undefined) {
    test("lives on under 'group', which does not hold it", async () => {
      const started = await startJob(job, 'group');
      const before = sleepers(await ready(job, started)).map(({ pid }) => pid);
      const termination = await started.child.terminate({ ...waits(job), grace: 500 });
      expect(termination.method).not.toBe('failed');
      expect(started.live().map(({ pid }) => pid)).toEqual(before);
    });
  }
});
