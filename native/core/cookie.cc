#include "cookie.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/random.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>

#include "sys.h"
#include "unique_fd.h"

namespace reapwell {
namespace {

std::string make_prefix() {
  std::uint64_t random[2] = {};
  if (getrandom(random, sizeof random, 0) != static_cast<ssize_t>(sizeof random)) {
    // Unheard of for so few bytes; still unlike any other process of this boot.
    random[0] = static_cast<std::uint64_t>(sys::monotonic_ns());
    random[1] = static_cast<std::uint64_t>(getpid());
  }
  char text[40];
  std::snprintf(text, sizeof text, "%016llx%016llx", static_cast<unsigned long long>(random[0]),
                static_cast<unsigned long long>(random[1]));
  return text;
}

}  // namespace

const std::string& cookie_prefix() {
  static const std::string* prefix = new std::string(make_prefix());
  return *prefix;
}

bool carries_cookie(const ProcessEntry& process, const std::string& cookie) {
  if (process.state == 'D' || process.state == 'Z') return false;
  char path[32];
  std::snprintf(path, sizeof path, "/proc/%d/environ", process.pid);
  UniqueFd file(open(path, O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return false;
  std::string text;
  char buffer[8192];
  for (;;) {
    const ssize_t length = read(file.get(), buffer, sizeof buffer);
    if (length <= 0) break;
    text.append(buffer, static_cast<size_t>(length));
  }
  return text.find(cookie) != std::string::npos;
}

}  // namespace reapwell
