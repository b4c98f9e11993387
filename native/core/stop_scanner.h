// Finds out which of our children stopped or continued.
//
// A SIGCHLD names one child, but a pending one swallows those that follow, so the name can't be
// relied on: every SIGCHLD owes a scan. The scan's cost grows with the number of children, so scans
// are spaced out such that they take a twentieth of the time at most, whatever that number is; the
// child that the signal does name is looked at once, without waiting for the scan; and so is one
// that somebody begins to listen to.
//
// Reaper thread only, but for ask().
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <unordered_map>
#include <unordered_set>

#include "registry.h"
#include "thread.h"

namespace reapwell {

class StopScanner {
 public:
  explicit StopScanner(Registry& registry) : registry_(registry) {}

  // Any thread: somebody has begun to listen to this child. The next run() tells of its present
  // stop, also if it was told before.
  void ask(ChildPointer child);

  void on_sigchld(pid_t pid, int code);
  void owe_scan() { owed_ = true; }
  // Processes that are not our children stop without a SIGCHLD, and waitid(P_ALL) passes them by.
  void look_at_all(bool on) { looks_at_all_ = on; }
  // A child that has ended can't continue.
  void forget(std::uint64_t sequence) { stopped_.erase(sequence); }
  // When run() should be called next (CLOCK_MONOTONIC), INT64_MAX for never.
  std::int64_t due_ns() const;
  void run(std::int64_t now_ns);

 private:
  void scan();
  void answer();
  // Tells what has changed. True: it is stopped now.
  bool look(const ChildPointer& child);

  Registry& registry_;
  Mutex mutex_;
  std::unordered_set<ChildPointer> asked_;                   // guarded by mutex_
  std::unordered_map<std::uint64_t, ChildPointer> stopped_;  // reported as stopped
  bool owed_ = false;
  bool looks_at_all_ = false;
  std::int64_t next_allowed_ns_ = 0;
};

}  // namespace reapwell
