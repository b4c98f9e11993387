// Carries what happened to children from the native threads to one JavaScript environment.
//
// Any thread posts; the environment's own thread drains. One lock makes waking and closing exclude
// each other, so that no thread can wake an environment that has begun to die; another guards the
// queue, so that the environment, once woken, does not wait for whoever is still busy waking it.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "child_half.h"
#include "exit_info.h"
#include "thread.h"
#include "unique_fd.h"

namespace reapwell {

class ChildRecord;

// Values are part of the binding contract (src/native/events.ts).
enum class EventType : int {
  kSpawned = 1,
  kSpawnFailed = 2,
  kExited = 3,
  kEmpty = 4,
  kStopped = 5,
  kContinued = 6,
  kScopeEmpty = 7,  // of a scope wider than a group
  kOccupied = 9,    // the leader has exited, but live members were seen; told once
  kSwept = 8,       // a signal to a wide scope has been delivered
};

struct Event {
  EventType type;
  std::uint32_t id = 0;                // the environment's own number for the child
  std::shared_ptr<ChildRecord> child;  // kSpawned
  std::vector<UniqueFd> descriptors;   // kSpawned: our ends of the pipes
  SpawnStep step = SpawnStep::kNone;   // kSpawnFailed
  // kSpawnFailed: negative errno; kStopped: the signal; kSwept: 0 or a negative errno; kExited: 1
  // if nobody was left in the group that it led, and then no kEmpty follows
  int value = 0;
  ExitInfo exit;             // kExited
  std::int64_t seen_ns = 0;  // kExited: when the reaper saw it, CLOCK_MONOTONIC
};

class EventChannel {
 public:
  virtual ~EventChannel() = default;

  // Any thread. False when the environment is gone; then `event` is left as it was.
  bool post(Event&& event);

  // The environment's thread. Swaps the waiting events into `out` (emptied first).
  void drain(std::vector<Event>& out);

  // The environment's thread, at the end of the process: children whose start has not been drained
  // lose their environment.
  void lose_untold();

  // The environment's thread, before the environment dies. Nothing is woken after it returns.
  void close();

  // Any thread. False may be outdated; true stays true. Not before the children that nobody was
  // told of have been ended (or left): the watcher lets go of what it keeps for an environment that
  // is gone, and a group whose leader's zombie it has let go of can't be signalled any more.
  bool closed();

 protected:
  // Called with wake_mutex_ held, once for each time the queue turns from drained to waiting.
  virtual void wake() = 0;

 private:
  Mutex wake_mutex_;  // taken before mutex_ where both are
  Mutex mutex_;
  std::vector<Event> waiting_;  // guarded by mutex_
  bool awake_ = false;          // guarded by mutex_: a wake-up is under way
  // Nothing is taken any more. Written with both locks held, read with either.
  bool refusing_ = false;
  bool closed_ = false;  // guarded by mutex_: and nothing is left to be ended
};

}  // namespace reapwell
