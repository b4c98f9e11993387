#include "scope.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "child_record.h"
#include "cookie.h"
#include "sys.h"
#include "unique_fd.h"

namespace reapwell {
namespace {

// A bomb that forks into new sessions is caught up with because every round leaves fewer that fork.
constexpr int kMostRounds = 100;
// With a signal that leaves them running there may always be somebody new: the next step of an
// escalation must not wait for that.
constexpr int kRoundsOfUnfrozen = 5;

// The descendants of `roots`, and they themselves, by parent pid.
std::unordered_set<pid_t> close_over_children(const std::vector<ProcessEntry>& processes,
                                              std::unordered_set<pid_t> members) {
  std::unordered_multimap<pid_t, pid_t> children;
  for (const ProcessEntry& process : processes) children.emplace(process.ppid, process.pid);
  std::vector<pid_t> open(members.begin(), members.end());
  while (!open.empty()) {
    const pid_t parent = open.back();
    open.pop_back();
    const auto range = children.equal_range(parent);
    for (auto at = range.first; at != range.second; ++at) {
      if (members.insert(at->second).second) open.push_back(at->second);
    }
  }
  return members;
}

std::unordered_set<pid_t> tree_members(const ChildRecord& child,
                                       const std::vector<ProcessEntry>& processes) {
  std::unordered_set<pid_t> members{child.pid};
  for (const ProcessEntry& process : processes) {
    const bool own = process.pgid == child.pid || process.sid == child.pid;
    // Nobody who is older than the leader can have its cookie.
    const bool escaped = !own && process.start_ticks >= child.identity.start_ticks &&
                         carries_cookie(process, child.scope.cookie);
    if (own || escaped) members.insert(process.pid);
  }
  return close_over_children(processes, std::move(members));
}

// 0: its number is still that of the process that `entry` describes. -ESRCH: it is gone; another
// negative errno: that can't be found out.
int verify(const ProcessEntry& entry) {
  ProcessEntry now;
  const int found = find_process(entry.pid, now);
  return found == 0 && now.start_ticks != entry.start_ticks ? -ESRCH : found;
}

struct Sent {
  bool any = false;
  bool refused = false;
  void note(int result) {
    if (result == 0) any = true;
    if (result == -EPERM) refused = true;
  }
};

// By pidfd, or by number where there is none to be had, or none that can be signalled: a member is
// never left alive for that. Its start time is compared at the last moment; with a pidfd nothing
// can come in between.
int signal_member(const PidfdAbilities& pidfds, const ProcessEntry& member, int signal) {
  const bool by_pidfd = pidfds.open && pidfds.signal;
  const int opened = by_pidfd ? sys::pidfd_open(member.pid, 0) : -ENOSYS;
  const UniqueFd pidfd(opened);
  if (opened == -ESRCH) return -ESRCH;
  // If the number had gone to another before the pidfd was opened, that one started later.
  const int verified = verify(member);
  if (verified < 0) return verified;
  if (pidfd.valid()) return sys::pidfd_send_signal(pidfd.get(), signal, 0);
  return kill(member.pid, signal) < 0 ? -errno : 0;
}

// One call for a whole group of the scope, if its leader lives and can be held: a member that forks
// meanwhile is hit with its child. False: signal its members one by one.
bool signal_whole_group(ChildRecord& child, pid_t pgid, const std::vector<ProcessEntry>& members,
                        int signal, Sent& sent) {
  if (pgid == getpgrp()) return false;
  if (pgid == child.pid && child.leads_group) {
    sent.note(child.group->signal(signal));
    return true;
  }
  const auto leader = std::find_if(members.begin(), members.end(),
                                   [&](const ProcessEntry& entry) { return entry.pid == pgid; });
  const bool by_pidfd = child.pidfds.open && child.pidfds.group_signal;
  if (leader == members.end() || !by_pidfd) return false;
  const UniqueFd pidfd(sys::pidfd_open(pgid, 0));
  if (!pidfd.valid() || verify(*leader) < 0) return false;
  sent.note(sys::pidfd_send_signal(pidfd.get(), signal, sys::kPidfdSignalProcessGroup));
  return true;
}

// The leader's group first, then the others by age: an ancestor that saw its job stop or end before
// it was hit itself could still act on that (a shell in `wait` returns, and exits 0).
//
// A group in `reached` has had its signal in an earlier round: of it the new members are signalled
// one by one, so that the handlers of the others run once. Who is killed or stopped doesn't notice.
void signal_groups(ChildRecord& child, std::vector<ProcessEntry> members, int signal,
                   std::unordered_set<pid_t>& reached, Sent& sent) {
  std::stable_sort(members.begin(), members.end(),
                   [&](const ProcessEntry& a, const ProcessEntry& b) {
                     const bool a_own = a.pgid == child.pid;
                     const bool b_own = b.pgid == child.pid;
                     return a_own != b_own ? a_own : a.start_ticks < b.start_ticks;
                   });
  std::unordered_set<pid_t> done;
  for (const ProcessEntry& member : members) {
    if (!done.insert(member.pgid).second) continue;
    const bool first = reached.insert(member.pgid).second;
    if ((first || is_final(signal)) &&
        signal_whole_group(child, member.pgid, members, signal, sent)) {
      continue;
    }
    for (const ProcessEntry& each : members) {
      if (each.pgid == member.pgid) sent.note(signal_member(child.pidfds, each, signal));
    }
  }
}

bool list_now(const ChildRecord& child, std::vector<ProcessEntry>& out) {
  std::vector<ProcessEntry> processes;
  return list_processes(processes) && list_wide_scope(child, processes, out);
}

// Whom a signal has reached, by pid.
class Reached {
 public:
  // Those that are not in it yet, which it takes in. Who has changed its group may have done so
  // between the listing and the signal, and so has been missed; rather twice than never.
  void keep_new(std::vector<ProcessEntry>& members) {
    const auto is_known = [this](const ProcessEntry& entry) {
      const auto found = seen_.find(entry.pid);
      return found != seen_.end() && found->second.start_ticks == entry.start_ticks &&
             found->second.pgid == entry.pgid;
    };
    members.erase(std::remove_if(members.begin(), members.end(), is_known), members.end());
    for (const ProcessEntry& member : members) {
      seen_[member.pid] = {member.start_ticks, member.pgid};
    }
  }

 private:
  struct Seen {
    std::uint64_t start_ticks;
    pid_t pgid;
  };
  std::unordered_map<pid_t, Seen> seen_;
};

// The leader and those of its group: it is a member wherever it has moved to, also if /proc hides
// it (hidepid) or can't be read. Takes them out of `members`.
void signal_leader(ChildRecord& child, std::vector<ProcessEntry>& members, int signal, Sent& sent) {
  sent.note(child.signal_group(signal));
  const bool whole = child.leads_group && child.pid != getpgrp();
  const auto is_reached = [&](const ProcessEntry& entry) {
    return entry.pid == child.pid || (whole && entry.pgid == child.pid);
  };
  members.erase(std::remove_if(members.begin(), members.end(), is_reached), members.end());
}

// Signals whoever is there, then whoever appeared meanwhile, until nobody new does.
Sent signal_until_settled(ChildRecord& child, int signal) {
  Sent sent;
  Reached reached;
  std::unordered_set<pid_t> groups;
  const int rounds = is_final(signal) ? kMostRounds : kRoundsOfUnfrozen;
  for (int round = 0; round < rounds; round++) {
    std::vector<ProcessEntry> members;
    const bool listed = list_now(child, members);
    reached.keep_new(members);
    const bool with_leader = round == 0 && !child.published();
    if (with_leader) {
      signal_leader(child, members, signal, sent);
      groups.insert(child.pid);
    }
    if (!listed || (members.empty() && !with_leader)) break;
    signal_groups(child, members, signal, groups, sent);
  }
  return sent;
}

int signal_cgroup(ChildRecord& child, int signal) {
  const Cgroup& cgroup = *child.scope.cgroup;
  const bool vacant = cgroup.empty();
  if (vacant && child.published()) return -ESRCH;
  if (signal == SIGKILL && !vacant) {
    // A privileged hand may have moved it out.
    child.signal(signal);
    if (cgroup.kill_all() == 0) return 0;
  }
  // Frozen, nobody can fork past the listing; the signals act when it thaws.
  cgroup.freeze("1");
  const Sent sent = signal_until_settled(child, signal);
  cgroup.freeze("0");
  if (sent.any) return 0;
  return sent.refused ? -EPERM : -ESRCH;
}

// Itself, and not who got its number after it.
bool is_leader(const ChildRecord& child, const ProcessEntry& process) {
  return process.pid == child.pid && !child.published() &&
         (child.identity.start_ticks == 0 || process.start_ticks == child.identity.start_ticks);
}

}  // namespace

bool is_final(int signal) { return signal == SIGKILL || signal == SIGSTOP; }

bool list_wide_scope(const ChildRecord& child, const std::vector<ProcessEntry>& processes,
                     std::vector<ProcessEntry>& out) {
  std::unordered_set<pid_t> members;
  const pid_t self = getpid();
  switch (child.scope.kind) {
    case ScopeKind::kSession:
      for (const ProcessEntry& process : processes) {
        if (process.sid == child.pid) members.insert(process.pid);
      }
      break;
    case ScopeKind::kTree:
      members = tree_members(child, processes);
      break;
    case ScopeKind::kCgroup: {
      std::vector<pid_t> pids;
      if (!child.scope.cgroup->list(pids)) return false;
      members.insert(pids.begin(), pids.end());
      break;
    }
    case ScopeKind::kLeader:
    case ScopeKind::kGroup:
      return false;
  }
  for (const ProcessEntry& process : processes) {
    const bool belongs = members.count(process.pid) != 0 || is_leader(child, process);
    if (belongs && process.alive() && process.pid != self && process.pid > 1) {
      out.push_back(process);
    }
  }
  return true;
}

bool list_wide_scope(ChildRecord& child, std::vector<ProcessEntry>& out) {
  Lock lock(child.scope_mutex);
  if (child.scope_settled) return !child.released.load();
  return list_now(child, out);
}

int signal_wide_scope(ChildRecord& child, int signal) {
  // The last moment to be sure of the numbers: who wants to signal may have learned of the child
  // long ago, or not yet of its end (an environment that dies with events it never looked at).
  Lock lock(child.scope_mutex);
  if (child.scope_settled) return -ESRCH;
  if (child.scope.kind == ScopeKind::kCgroup) return signal_cgroup(child, signal);
  Sent sent;
  // Whoever was frozen counts as reached: its end may come of the freezing (an orphaned group that
  // is stopped gets SIGHUP from the kernel).
  if (signal == SIGKILL) sent = signal_until_settled(child, SIGSTOP);
  const Sent last = signal_until_settled(child, signal);
  sent.any = sent.any || last.any;
  sent.refused = sent.refused || last.refused;
  if (sent.any) return 0;
  return sent.refused ? -EPERM : -ESRCH;
}

}  // namespace reapwell
