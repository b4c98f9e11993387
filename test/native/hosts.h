// Groups of living children that others may join, and that may end while those are on their way.
#pragma once

#include <sys/types.h>

#include <vector>

#include "check.h"
#include "core/thread.h"

namespace reapwell::stress {

class Hosts {
 public:
  void add(pid_t pgid) {
    Lock lock(mutex_);
    open_.push_back(pgid);
  }
  void remove(pid_t pgid) {
    Lock lock(mutex_);
    for (size_t i = 0; i < open_.size(); i++) {
      if (open_[i] != pgid) continue;
      open_[i] = open_.back();
      open_.pop_back();
      return;
    }
  }
  // 0: there is none.
  pid_t pick(Random& random) {
    Lock lock(mutex_);
    return open_.empty() ? 0
                         : open_[static_cast<size_t>(random.below(static_cast<int>(open_.size())))];
  }

 private:
  Mutex mutex_;
  std::vector<pid_t> open_;  // guarded by mutex_
};

}  // namespace reapwell::stress
