#include "orphan_mark.h"

#include <fcntl.h>
#include <sys/random.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "sys.h"
#include "unique_fd.h"

namespace reapwell {
namespace {

// Sixteen lines of under 80 bytes.
constexpr size_t kLimitsBytes = 4096;
constexpr char kLine[] = "\nMax file locks";

// From 2^61 to 2^62: no number that a person would set, and below what getrlimit(2) can't say.
std::uint64_t make_mark() {
  std::uint64_t random = 0;
  if (getrandom(&random, sizeof random, 0) != static_cast<ssize_t>(sizeof random)) {
    // Unheard of for so few bytes; still unlike any other process of this boot.
    random = static_cast<std::uint64_t>(sys::monotonic_ns()) << 22 ^
             static_cast<std::uint64_t>(getpid());
  }
  return (random >> 3) | std::uint64_t{1} << 61;
}

}  // namespace

std::uint64_t orphan_mark() {
  static const std::uint64_t mark = make_mark();
  return mark;
}

bool carries_orphan_mark(pid_t pid) {
  char path[32];
  std::snprintf(path, sizeof path, "/proc/%d/limits", pid);
  UniqueFd file(open(path, O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return false;
  char text[kLimitsBytes];
  // One read: what a second one found could be another process's.
  const ssize_t length = read(file.get(), text, sizeof text - 1);
  if (length <= 0) return false;
  text[length] = '\0';
  const char* line = std::strstr(text, kLine);
  if (line == nullptr) return false;
  return std::strtoull(line + sizeof kLine - 1, nullptr, 10) == orphan_mark();
}

}  // namespace reapwell
