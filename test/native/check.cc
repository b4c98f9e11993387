#include "check.h"

#include <time.h>

#include <atomic>
#include <cstdarg>
#include <cstdio>

#include "core/sys.h"

namespace reapwell::stress {
namespace {

constexpr int kPrinted = 20;
std::atomic<int> count{0};

}  // namespace

void broken(const char* format, ...) {
  const int number = count.fetch_add(1);
  if (number >= kPrinted) return;
  char text[512];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  std::fprintf(stderr, "BROKEN: %s\n", text);
}

int broken_count() { return count.load(); }

Random::Random(std::uint64_t seed, std::uint64_t stream)
    : state_(seed * 0x9e3779b97f4a7c15 + (stream + 1) * 0xbf58476d1ce4e5b9) {}

// splitmix64
int Random::below(int limit) {
  state_ += 0x9e3779b97f4a7c15;
  std::uint64_t z = state_;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return static_cast<int>((z ^ (z >> 31)) % static_cast<std::uint64_t>(limit));
}

void sleep_us(int microseconds) {
  const timespec pause{microseconds / 1'000'000, (microseconds % 1'000'000) * 1'000L};
  nanosleep(&pause, nullptr);
}

bool wait_for(const std::function<bool()>& condition, double seconds) {
  const std::int64_t deadline = sys::monotonic_ns() + static_cast<std::int64_t>(seconds * 1e9);
  while (!condition()) {
    if (sys::monotonic_ns() > deadline) return false;
    sleep_us(2'000);
  }
  return true;
}

}  // namespace reapwell::stress
