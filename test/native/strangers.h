// Code that knows nothing of the core and has children of its own, as libuv and other addons do:
// it forks, waits for its own child by number, and must get the true status each time.
#pragma once

#include <atomic>
#include <thread>
#include <vector>

#include "case.h"

namespace reapwell::stress {

class Strangers {
 public:
  explicit Strangers(const Setting& setting) : setting_(setting) {}
  void start(std::uint64_t seed);
  // Returns how many children they had.
  int stop();

 private:
  void fork_and_wait(Random random);
  void spawn_and_wait(Random random);
  const Setting& setting_;
  std::atomic<bool> stopped_{false};
  std::atomic<int> children_{0};
  std::vector<std::thread> threads_;
};

}  // namespace reapwell::stress
