// Reaps orphans that came home: with PR_SET_CHILD_SUBREAPER, a process whose parent ended becomes
// our child, and somebody must take its zombie. libuv and other addons have children too, and
// theirs must never be taken, so an orphan is reaped only if it is proved to be one:
//
// - it carries the mark that our children are given (orphan_mark.h) and is none of them;
// - or its session is neither ours nor its own: a child that we forked is in our session, or in one
//   that it made itself;
// - or its group is one that this library created, and it was not started through posix.posixSpawn;
// - or it was seen alive with a cookie of this process in its environment, or as a member of a
//   tree, or in a group of ours when that was given up.
//
// What can't be proved stays a zombie: of a child that was started before this was enabled, or that
// could not be marked, what called setsid itself and died before it was seen. Reaper thread only,
// but for enable() and note_raw_child().
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "proc_table.h"
#include "registry.h"
#include "thread.h"

namespace reapwell {

class OrphanReaper {
 public:
  explicit OrphanReaper(Registry& registry) : registry_(registry) {}
  OrphanReaper(const OrphanReaper&) = delete;
  OrphanReaper& operator=(const OrphanReaper&) = delete;

  // Any thread.
  void enable(bool on) { enabled_ = on; }
  bool enabled() const { return enabled_.load(); }
  // Any thread: members of a group or a tree of ours, from a listing that was made while its
  // numbers were known to be its own. If one of them, other than the leader, ever is our child and
  // not registered, it came home, or is still on its way to be registered. Of a group that we only
  // attached to nothing is known: others may put their own children into it.
  void note_members(const ChildRecord& leader, const std::vector<ProcessEntry>& members);
  // Any thread: the same for a group, before it is forgotten; a listing only if it still answers.
  void note_group(const ChildRecord& leader);
  // Any thread: the same for the live members of a tree, before they are signalled.
  void note_tree(ChildRecord& leader);
  // Any thread: a child that only its caller reaps.
  void note_raw_child(pid_t pid);

  void on_sigchld() { owed_ = true; }
  std::int64_t due_ns() const;
  void run(std::int64_t now_ns);

 private:
  void scan();
  bool proved(const ProcessEntry& orphan);
  bool is_marked(const ProcessEntry& orphan);
  bool is_raw_child(const ProcessEntry& process);
  bool is_noted_member(const ProcessEntry& process);
  void forget_gone(const std::vector<ProcessEntry>& processes);

  struct Seen {
    std::uint64_t start_ticks;
    std::uint64_t last_launch;  // a child of ours that was on its way then is registered after it
  };

  Registry& registry_;
  std::atomic<bool> enabled_{false};
  Mutex mutex_;
  std::unordered_map<pid_t, std::uint64_t> raw_children_;  // guarded by mutex_: start times
  std::unordered_map<pid_t, Seen> members_;                // guarded by mutex_

  std::unordered_map<pid_t, Seen> adopted_;  // alive, with a cookie, and not registered
  bool owed_ = false;
  std::int64_t next_allowed_ns_ = 0;
  std::int64_t next_poll_ns_ = 0;
};

}  // namespace reapwell
