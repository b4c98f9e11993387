// Threads that know nothing of a child's story: they look at it and ask about it all the time,
// while the core publishes, reaps and forgets it.
#pragma once

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "check.h"
#include "core/child_record.h"
#include "core/thread.h"

namespace reapwell::stress {

class Observers {
 public:
  void start(int threads, std::uint64_t seed);
  // Lets go of what was shown, too.
  void stop();
  // Any thread: a child that is to be looked at, for a while.
  void show(const std::shared_ptr<ChildRecord>& child);

 private:
  void observe(Random random);
  std::atomic<bool> stopped_{false};
  Mutex mutex_;
  std::vector<std::shared_ptr<ChildRecord>> shown_;  // guarded by mutex_
  size_t next_ = 0;                                  // guarded by mutex_
  std::vector<std::thread> threads_;                 // its owner's thread
};

}  // namespace reapwell::stress
