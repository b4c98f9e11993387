#include "orphan_reaper.h"

#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <vector>

#include "cookie.h"
#include "orphan_mark.h"
#include "sys.h"

namespace reapwell {
namespace {

// A listing of /proc may take this part of the time at most.
constexpr std::int64_t kSpacing = 20;
// But where a busy machine makes it slow, no zombie lies about for longer than this.
constexpr std::int64_t kMostSpacingNs = 1'000'000'000;
// An orphan that came home tells nobody; one that lives this long is seen before it dies.
constexpr std::int64_t kPollNs = 100'000'000;

}  // namespace

void OrphanReaper::note_raw_child(pid_t pid) {
  ProcessEntry entry;
  if (!read_process(pid, entry)) return;
  Lock lock(mutex_);
  raw_children_[pid] = entry.start_ticks;
}

bool OrphanReaper::is_raw_child(const ProcessEntry& process) {
  Lock lock(mutex_);
  const auto found = raw_children_.find(process.pid);
  return found != raw_children_.end() && found->second == process.start_ticks;
}

void OrphanReaper::note_members(const ChildRecord& leader,
                                const std::vector<ProcessEntry>& members) {
  if (!enabled() || leader.foreign) return;
  const std::uint64_t last_launch = registry_.last_launch();
  Lock lock(mutex_);
  for (const ProcessEntry& member : members) {
    if (member.pid == leader.pid) continue;  // its zombie may be kept
    members_[member.pid] = {member.start_ticks, last_launch};
  }
}

void OrphanReaper::note_group(const ChildRecord& leader) {
  if (!enabled() || leader.group->signal(0) == -ESRCH) return;
  std::vector<ProcessEntry> processes, live, zombies;
  if (!list_processes(processes)) return;
  split_group(processes, leader.group->pgid(), live, zombies);
  // Asked again: if it still answers, the number was its own in every line.
  if (leader.group->signal(0) == -ESRCH) return;
  note_members(leader, live);
  note_members(leader, zombies);
}

void OrphanReaper::note_tree(ChildRecord& leader) {
  std::vector<ProcessEntry> members;
  if (!enabled() || leader.scope.kind != ScopeKind::kTree) return;
  if (list_wide_scope(leader, members)) note_members(leader, members);
}

bool OrphanReaper::is_noted_member(const ProcessEntry& process) {
  Lock lock(mutex_);
  const auto found = members_.find(process.pid);
  return found != members_.end() && found->second.start_ticks == process.start_ticks &&
         registry_.launches_ended(found->second.last_launch);
}

// Numbers that no process has any more, or that another has got.
void OrphanReaper::forget_gone(const std::vector<ProcessEntry>& processes) {
  std::unordered_map<pid_t, std::uint64_t> present;
  for (const ProcessEntry& process : processes) present[process.pid] = process.start_ticks;
  const auto is_here = [&](pid_t pid, std::uint64_t start_ticks) {
    const auto found = present.find(pid);
    if (found != present.end() && found->second == start_ticks) return true;
    // Who is not in the listing may have come after it: looked at by itself.
    ProcessEntry now;
    return read_process(pid, now) && now.start_ticks == start_ticks;
  };
  Lock lock(mutex_);
  for (auto at = raw_children_.begin(); at != raw_children_.end();) {
    at = is_here(at->first, at->second) ? std::next(at) : raw_children_.erase(at);
  }
  for (auto at = members_.begin(); at != members_.end();) {
    at = is_here(at->first, at->second.start_ticks) ? std::next(at) : members_.erase(at);
  }
}

std::int64_t OrphanReaper::due_ns() const {
  if (!enabled()) return INT64_MAX;
  return owed_ ? next_allowed_ns_ : std::max(next_poll_ns_, next_allowed_ns_);
}

void OrphanReaper::run(std::int64_t now_ns) {
  if (due_ns() > now_ns) return;
  owed_ = false;
  scan();
  const std::int64_t end = sys::monotonic_ns();
  next_allowed_ns_ = end + std::min((end - now_ns) * kSpacing, kMostSpacingNs);
  next_poll_ns_ = end + kPollNs;
}

void OrphanReaper::scan() {
  std::vector<ProcessEntry> processes;
  if (!list_processes(processes)) return;
  // After the listing: whoever is in it was launched by then.
  const std::uint64_t last_launch = registry_.last_launch();
  std::unordered_map<pid_t, Seen> still_adopted;
  const pid_t self = getpid();
  for (const ProcessEntry& process : processes) {
    if (process.ppid != self || registry_.find_sequence_of_pid(process.pid) != 0) continue;
    if (process.alive()) {
      const auto known = adopted_.find(process.pid);
      if (known != adopted_.end() && known->second.start_ticks == process.start_ticks) {
        still_adopted.insert(*known);
      } else if (carries_cookie(process, cookie_prefix())) {
        still_adopted[process.pid] = {process.start_ticks, last_launch};
      }
    } else if (proved(process)) {
      // Still unregistered, and every launch that could be its own is over.
      if (registry_.find_sequence_of_pid(process.pid) != 0) continue;
      siginfo_t info;
      sys::waitid(P_PID, static_cast<id_t>(process.pid), &info, WEXITED | WNOHANG);
    }
  }
  adopted_.swap(still_adopted);
  forget_gone(processes);
}

// Our own children carry the mark too: one that is kept for its scope, one that is being launched,
// and (see scan) one that is registered. In this order: a kept child's group is known until after
// its zombie was taken, so if it is not, then whoever has the number when the mark is read is not
// that child; and a launch that ends after that reading may have been the one that made it.
bool OrphanReaper::is_marked(const ProcessEntry& orphan) {
  if (registry_.find_group(orphan.pid) != nullptr) return false;
  return carries_orphan_mark(orphan.pid) && registry_.launches_ended(registry_.last_launch());
}

bool OrphanReaper::proved(const ProcessEntry& orphan) {
  if (is_raw_child(orphan)) return false;
  if (orphan.sid != getsid(0) && orphan.sid != orphan.pid) return true;
  // A child of ours that joins a group is in it before it is registered.
  const bool in_our_group =
      orphan.pgid != orphan.pid && registry_.find_group(orphan.pgid) != nullptr;
  if (in_our_group && registry_.launches_ended(registry_.last_launch())) return true;
  if (is_noted_member(orphan) || is_marked(orphan)) return true;
  const auto known = adopted_.find(orphan.pid);
  return known != adopted_.end() && known->second.start_ticks == orphan.start_ticks &&
         registry_.launches_ended(known->second.last_launch);
}

}  // namespace reapwell
