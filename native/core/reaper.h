// The reaper thread: learns of each exit, publishes it, reaps it, and tells its environment.
//
// Two doorbells, each enough for exits by itself. The pidfds say which child exited, in time that
// does not depend on how many there are. The signalfd on SIGCHLD says that some child changed: it
// brings stops and continues, and exits where there are no pidfds. The thread blocks on its epoll
// and on nothing else.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "group_watcher.h"
#include "orphan_reaper.h"
#include "registry.h"
#include "sigchld_claim.h"
#include "stop_scanner.h"
#include "thread.h"
#include "unique_fd.h"

namespace reapwell {

class Reaper {
 public:
  Reaper(Registry& registry, GroupWatcher& groups, OrphanReaper& orphans)
      : registry_(registry), groups_(groups), orphans_(orphans), stops_(registry) {}
  Reaper(const Reaper&) = delete;
  Reaper& operator=(const Reaper&) = delete;

  // Starts the thread, which begins, if `claim`, by claiming SIGCHLD. Returns 0 or a negative
  // errno; may be called again after a failure. Callers take turns (see Runtime).
  int start(bool claim);
  // Any thread but an event loop's, after the start: until the claim has succeeded or failed.
  void await_claim();

  // Any thread, once for each child, after its kSpawned event was posted.
  void watch(std::uint64_t sequence, const ChildPointer& child);

  // Any thread: how many listeners want stops and continues. Without the claim nothing rings for
  // those, and the children are looked at periodically while this is not zero.
  void adjust_stop_listeners(int by);

  // Any thread: somebody has begun to listen to this child, and is to be told of its present stop.
  // Nothing is told of one that runs.
  void tell_present_stop(ChildPointer child) {
    stops_.ask(std::move(child));
    ring();
  }

  // Any thread: after a change that the loop's deadlines depend on.
  void ring();

  ClaimResult claim_result() const { return claim_result_.load(); }
  bool claimed() const { return claimed_.load(); }

 private:
  static void run(void* self);
  void loop();
  void claim(std::int64_t patience_ns);
  bool open_signals();
  void verify_claim(std::int64_t now_ns);
  int timeout_ms(std::int64_t now_ns) const;
  bool polls_for_stops() const;
  void take_arrivals();
  void read_signals();
  void scan_exits();
  void run_retries(std::int64_t now_ns);
  void look(std::uint64_t sequence);
  // `ours`: the zombie is there for us to take, now or when its scope is settled.
  void finish(std::uint64_t sequence, const ChildPointer& child, const ExitInfo& exit, bool ours);
  void look_again_later(std::uint64_t sequence, ChildRecord& child);

  Registry& registry_;
  GroupWatcher& groups_;
  OrphanReaper& orphans_;
  UniqueFd epoll_;     // set before the thread starts
  UniqueFd doorbell_;  // eventfd; set before the thread starts
  std::atomic<bool> claimed_{false};
  std::atomic<bool> running_{false};
  std::atomic<ClaimResult> claim_result_{ClaimResult::kThreadRefused};
  std::atomic<int> stop_listeners_{0};
  std::atomic<int> without_pidfd_{0};  // live children that only a scan can find
  std::atomic<int> foreign_{0};        // processes attached to: no SIGCHLD tells of their stops

  Mutex mutex_;
  Condition started_;
  bool wants_claim_ = false;  // set before the thread starts
  bool claim_made_ = false;   // guarded by mutex_: or failed, or was not wanted
  std::vector<std::uint64_t>
      arrivals_;  // guarded by mutex_: to be looked at without being rung for

  StopScanner stops_;  // the reaper thread's, but for ask()

  // The reaper thread's alone.
  UniqueFd signals_;
  bool swept_ = false;  // some thread may block SIGCHLD because of us
  std::multimap<std::int64_t, std::uint64_t> retries_;  // by due time
  std::int64_t next_verify_ns_ = INT64_MAX;
  std::int64_t verify_delay_ns_ = 0;
};

}  // namespace reapwell
