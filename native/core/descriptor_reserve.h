// A few descriptors held in reserve, so that what must be read at the limit of them can be.
#pragma once

#include <fcntl.h>

#include <vector>

#include "unique_fd.h"

namespace reapwell {

class DescriptorReserve {
 public:
  void fill() {
    while (held_.size() < kHeld) {
      // O_PATH tells them from whatever else is open on that file: they come and go with each
      // listing, and whoever looks for a leak must not take them for one.
      UniqueFd spare = above_stdio(open("/dev/null", O_PATH | O_CLOEXEC));
      if (!spare.valid()) return;
      held_.push_back(std::move(spare));
    }
  }
  // For the start: without a reserve no group could be called empty for as long as the program
  // keeps every descriptor. False: they are not to be had now, and none is held.
  bool fill_or_none() {
    fill();
    if (held_.size() < kHeld) give_up();
    return !held_.empty();
  }
  void give_up() { held_.clear(); }

 private:
  // A directory, a file in it, and the pidfd of who is found.
  static constexpr size_t kHeld = 3;
  std::vector<UniqueFd> held_;
};

}  // namespace reapwell
