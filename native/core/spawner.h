// The threads that spawn. They live as long as the process: a child's parent-death signal follows
// the *thread* that forked it, so one that ended would take its children along.
//
// There are few, since a spawn takes little time; but an exec on a dead network mount takes for
// ever. So while jobs wait and none gets started, a lookout adds a thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>

#include "launcher.h"
#include "spawn_request.h"
#include "thread.h"

namespace reapwell {

class EventChannel;

struct SpawnJob {
  SpawnRequest request;
  std::shared_ptr<EventChannel> channel;
  std::uint32_t id = 0;
  bool ends_with_environment = true;  // the request's; constant, as that is not
  LaunchControl control;
};

class Spawner {
 public:
  using Perform = void (*)(void* context, SpawnJob& job, ChildStack& stack);

  Spawner(Perform perform, void* context) : perform_(perform), context_(context) {}
  Spawner(const Spawner&) = delete;
  Spawner& operator=(const Spawner&) = delete;

  // Any thread; never waits for a spawn. Returns 0, or a negative errno if no thread can be had:
  // then the job was not taken.
  int submit(std::shared_ptr<SpawnJob> job);

 private:
  static void run_worker(void* self);
  static void run_lookout(void* self);
  void work();
  void look_out();
  // With mutex_ held.
  int add_worker();
  bool idle_for(size_t jobs) const;

  const Perform perform_;
  void* const context_;
  Mutex mutex_;
  Condition work_waiting_;
  Condition lookout_wanted_;
  std::deque<std::shared_ptr<SpawnJob>> queue_;  // guarded by mutex_
  int workers_ = 0;                              // guarded by mutex_
  int idle_ = 0;                                 // guarded by mutex_
  bool has_lookout_ = false;                     // guarded by mutex_
  bool looking_out_ = false;                     // guarded by mutex_: the lookout need not be woken
  std::uint64_t started_ = 0;                    // guarded by mutex_: jobs taken from the queue
};

}  // namespace reapwell
