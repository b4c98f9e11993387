// What a kernel or a filter can refuse, by the names of test/fixtures/refuses.cc.
import type { Capabilities } from '../../src/index.js';
import { fixture } from '../support/fixture.js';

export interface Refusal {
  /** In words, where the names are many. */
  readonly what?: string;
  readonly names: readonly string[];
  /** What a filter may answer; without any: what a kernel answers that does not have it. */
  readonly errors?: readonly string[];
  /** What capabilities() then says no to, and to nothing else. */
  readonly lacks: readonly (keyof Capabilities)[];
  /** Depends on the kernel below. */
  readonly open?: readonly (keyof Capabilities)[];
}

const filtered = ['ENOSYS', 'EPERM'];
const handles = ['name_to_handle_at', 'open_by_handle_at'];

/** One ability alone. */
export const single: readonly Refusal[] = [
  // Without it the file system of pidfds can be named from Linux 6.17 on.
  {
    names: ['pidfd_open'],
    errors: filtered,
    lacks: ['pidfd', 'pidfdOpen'],
    open: ['pidfdHandle'],
  },
  {
    names: ['pidfd_send_signal'],
    errors: filtered,
    lacks: ['pidfd', 'pidfdSignal', 'pidfdGroupSignal'],
  },
  { names: ['pidfd_group_signal'], errors: ['EINVAL', 'EPERM'], lacks: ['pidfdGroupSignal'] },
  {
    names: ['pidfd_wait'],
    errors: ['EINVAL', ...filtered],
    lacks: ['pidfd', 'pidfdWait'],
  },
  { names: ['clone_pidfd'], errors: ['EINVAL', ...filtered], lacks: ['pidfdFromClone'] },
  { names: ['pidfd_info'], errors: ['ENOTTY', ...filtered], lacks: ['pidfdExitStatus'] },
  { names: handles, errors: ['EOPNOTSUPP', ...filtered], lacks: ['pidfdHandle'] },
  { names: ['clone3'], lacks: ['cloneIntoCgroup'] },
  { names: ['close_range'], errors: filtered, lacks: ['closeRange'] },
  { names: ['signalfd4'], errors: filtered, lacks: ['signalfd'] },
  { names: ['openat2'], errors: filtered, lacks: [] },
];

const everything: readonly (keyof Capabilities)[] = [
  ...new Set(single.flatMap(({ lacks }) => lacks)),
  'pidfdPoll',
];

export const all: Refusal = { names: ['all'], errors: filtered, lacks: everything };

/** What the filters of container runtimes, and older kernels, lack together. */
export const together: readonly Refusal[] = [
  {
    what: 'every call that names a pidfd',
    names: ['pidfd_open', 'pidfd_send_signal'],
    errors: filtered,
    lacks: ['pidfd', 'pidfdOpen', 'pidfdSignal', 'pidfdGroupSignal'],
    open: ['pidfdHandle'],
  },
  {
    what: 'every way to get a pidfd',
    names: ['pidfd_open', 'clone_pidfd'],
    errors: filtered,
    lacks: everything.filter((name) => /^pidfd/.test(name)),
  },
  {
    what: 'Linux 5.3',
    names: [
      ...['pidfd_wait', 'pidfd_group_signal', 'pidfd_info', ...handles],
      ...['clone3', 'close_range', 'openat2'],
    ],
    lacks: [
      ...(['pidfd', 'pidfdWait', 'pidfdGroupSignal', 'pidfdExitStatus', 'pidfdHandle'] as const),
      ...(['cloneIntoCgroup', 'closeRange'] as const),
    ],
  },
  {
    what: 'Linux 5.9 to 6.8',
    names: ['pidfd_group_signal', 'pidfd_info', ...handles],
    lacks: ['pidfdGroupSignal', 'pidfdExitStatus', 'pidfdHandle'],
  },
  {
    what: 'Linux 6.9 to 6.14',
    names: ['pidfd_info', ...handles],
    lacks: ['pidfdExitStatus', 'pidfdHandle'],
  },
  all,
];

/** A row for each answer. */
export function answers(refusals: readonly Refusal[]): [string, string[], Refusal][] {
  return refusals.flatMap((refusal) =>
    (refusal.errors ?? ['']).map((error): [string, string[], Refusal] => {
      const spec = refusal.names.map((name) => (error === '' ? name : `${name}=${error}`)).join();
      const said = `${refusal.what ?? refusal.names.join(' and ')}${error === '' ? '' : ` by ${error}`}`;
      return [said, [fixture('refuses'), spec], refusal];
    }),
  );
}
