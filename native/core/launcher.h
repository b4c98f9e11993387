// One spawn on the calling thread: clone, wait for the exec, learn what came of it.
//
// Blocks the calling thread until the child has exec'd or failed, which a hung file system can make
// arbitrarily long; so only spawner threads (and posix.posixSpawn, which says so) call it.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "child_half.h"
#include "pidfd_abilities.h"
#include "thread.h"
#include "unique_fd.h"

namespace reapwell {

struct SpawnRequest;

// The stack of the vforked child, one for each thread that launches. mmap'd with a guard page.
class ChildStack {
 public:
  ChildStack() = default;
  ~ChildStack();
  ChildStack(const ChildStack&) = delete;
  ChildStack& operator=(const ChildStack&) = delete;
  void* top();  // nullptr when out of memory
  void* bottom() const;
  static size_t bytes();

 private:
  void* base_ = nullptr;
};

// Lets another thread end a child that hangs between clone and exec.
class LaunchControl {
 public:
  // Any thread. Kills the child if it is between clone and exec; one that is about to start gives
  // up by itself.
  void cancel();
  bool cancelled() const { return cancelled_.load(); }

  // The launching thread: what came of it has been told, or undone.
  void finish() { finished_.store(true, std::memory_order_release); }
  // Any thread: waits for that until the deadline (CLOCK_MONOTONIC).
  void await_finish(std::int64_t deadline_ns) const;

 private:
  friend class LaunchWindow;
  Mutex mutex_;
  std::atomic<bool> cancelled_{false};
  std::atomic<bool> finished_{false};
  // Both guarded by mutex_, and non-null while the clone call is under way.
  const ChildStart* child_ = nullptr;
  const int* pidfd_slot_ = nullptr;
};

struct LaunchResult {
  pid_t pid = -1;                 // > 0: exec'd, and the caller now owns the duty to reap it
  std::uint64_t start_ticks = 0;  // its start time; 0 where /proc can't be read
  UniqueFd pidfd;  // invalid where the kernel has none or the runtime was told to do without
  SpawnStep step = SpawnStep::kNone;
  int error = 0;  // negative errno; with kKilled, the negative signal that killed it
};

// `pidfds`: what the child may be held by; none: by its number alone.
LaunchResult launch(const SpawnRequest& request, ChildStack& stack, const PidfdAbilities& pidfds,
                    LaunchControl* control);

}  // namespace reapwell
