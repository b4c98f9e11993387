// Every child that is not yet reaped, and every group that is not yet empty.
//
// Spawners add, the reaper removes, both look up; all under one short lock. Children are keyed by a
// sequence number that is never used twice: a stale epoll event for it finds nothing, where a stale
// descriptor or pid would find a stranger.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <set>
#include <unordered_map>
#include <vector>

#include "child_record.h"
#include "thread.h"

namespace reapwell {

using ChildPointer = std::shared_ptr<ChildRecord>;

class Registry {
 public:
  std::uint64_t add(const ChildPointer& child);
  void remove(std::uint64_t sequence);
  ChildPointer find(std::uint64_t sequence);
  std::uint64_t find_sequence_of_pid(pid_t pid);  // 0: not ours
  std::vector<std::pair<std::uint64_t, ChildPointer>> snapshot();
  size_t size();
  // Those that have been reaped too, as long as somebody keeps the record: their scopes may be
  // occupied.
  std::vector<ChildPointer> everybody();

  // Between its clone and its registration a child is known to nobody but its launcher. A ticket
  // spans that time, so that others can tell "not ours" from "not registered yet".
  std::uint64_t begin_launch();
  void end_launch(std::uint64_t ticket);
  std::uint64_t last_launch();
  // True: every launch up to and including `ticket` has ended.
  bool launches_ended(std::uint64_t ticket);

  // The group, if this library created it and it is not known to be empty.
  std::shared_ptr<Group> find_group(pid_t pgid);
  void forget_group(const Group& group);

 private:
  Mutex mutex_;
  std::uint64_t next_ = 1;                                    // guarded by mutex_
  std::unordered_map<std::uint64_t, ChildPointer> children_;  // guarded by mutex_
  std::unordered_map<pid_t, std::uint64_t> sequence_of_pid_;  // guarded by mutex_
  std::vector<std::weak_ptr<ChildRecord>> everybody_;         // guarded by mutex_
  size_t most_before_pruning_ = 64;                           // guarded by mutex_
  std::uint64_t last_ticket_ = 0;                             // guarded by mutex_
  std::set<std::uint64_t> launching_;                         // guarded by mutex_
  std::unordered_map<pid_t, std::weak_ptr<Group>> groups_;    // guarded by mutex_
};

}  // namespace reapwell
