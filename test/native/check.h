// What the stress program stands on: a note of each broken promise, a random generator whose seed
// is printed, and waits that have a deadline.
#pragma once

#include <cstdint>
#include <functional>

namespace reapwell::stress {

// Any thread. Prints the first few and counts all; the program's exit code tells of them.
__attribute__((format(printf, 1, 2))) void broken(const char* format, ...);
int broken_count();

// Each thread makes its own, from the seed of the run and a number of its own.
class Random {
 public:
  Random(std::uint64_t seed, std::uint64_t stream);
  // 0 to limit - 1.
  int below(int limit);
  bool one_in(int times) { return below(times) == 0; }

 private:
  std::uint64_t state_;
};

void sleep_us(int microseconds);

// Until `condition` holds or `seconds` have passed; whether it does.
bool wait_for(const std::function<bool()>& condition, double seconds);

}  // namespace reapwell::stress
