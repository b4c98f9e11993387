// The ten hostile jobs. Each is a program that is well and running when it is to be ended.
// `processes`: how many it consists of once it is up. Every process of a job carries its mark in its
// environment; those that exec nothing afterwards carry it in argv too.

const NUL = '>/dev/null 2>&1 </dev/null';

const shell = (script, mark) => ['/bin/sh', ['-c', script, mark]];
const bash = (script, mark) => ['bash', ['-c', script, mark]];

/** The most processes that the fork bomb may have. */
const BOMB_LIMIT = 400;
/** How often each of its processes tries to fork. */
const BOMB_RETRY_MS = Number(process.env.BOMB_RETRY_MS ?? 50);

export const jobs = [
  {
    name: 'TERM-ignoring grandchild, no pipes',
    processes: 3,
    command: (mark) => shell(`(trap '' TERM; sleep 1000; :) ${NUL} & wait`, mark),
  },
  {
    name: 'setsid grandchild',
    processes: 2,
    command: (mark) => shell(`setsid sleep 1000 ${NUL} & wait`, mark),
  },
  {
    name: 'double fork (daemon)',
    processes: 2,
    command: (mark) => shell(`setsid sh -c 'sleep 1000 & :' ${NUL}; exec sleep 1001`, mark),
  },
  {
    name: 'stopped leader',
    processes: 2,
    command: (mark) => shell(`sleep 1000 ${NUL} & kill -STOP $$; wait`, mark),
  },
  {
    name: 'stopped member',
    processes: 2,
    command: (mark) => shell(`sh -c 'kill -STOP $$; exec sleep 1000' ${NUL} & wait`, mark),
  },
  {
    name: 'held pipe',
    processes: 2,
    command: (mark) => shell(`setsid sh -c 'sleep 1000 & :'; exec sleep 1001 ${NUL}`, mark),
  },
  {
    name: 'fork in the TERM handler',
    processes: 2,
    command: (mark) =>
      shell(`trap 'sleep 1000 ${NUL} & exit 0' TERM; sleep 1001 ${NUL} & wait`, mark),
  },
  {
    name: 'job-control shell pipeline',
    processes: 3,
    command: (mark) => bash(`set -m; sleep 1000 ${NUL} | sleep 1001 ${NUL} & wait`, mark),
  },
  {
    name: 'nohup and disown, no descriptors',
    processes: 2,
    command: (mark) => bash(`nohup sleep 1000 <&- >&- 2>&- & disown; exec sleep 1001`, mark),
  },
  {
    name: `setsid fork bomb (limit ${BOMB_LIMIT})`,
    processes: BOMB_LIMIT - 5,
    boundMs: 60_000,
    needs: 'bomb',
    command: (mark, programs) => [programs.bomb, [String(BOMB_LIMIT), String(BOMB_RETRY_MS), mark]],
  },
];
