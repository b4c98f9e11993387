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

CookieReading read_environment(const ProcessEntry& process, std::string& text) {
  if (process.state == 'D' || process.state == 'Z') return CookieReading::kUnreadable;
  char path[32];
  std::snprintf(path, sizeof path, "/proc/%d/environ", process.pid);
  UniqueFd file(open(path, O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return CookieReading::kUnreadable;
  char buffer[8192];
  for (;;) {
    const ssize_t length = read(file.get(), buffer, sizeof buffer);
    if (length <= 0) break;
    text.append(buffer, static_cast<size_t>(length));
  }
  return text.empty() ? CookieReading::kEmpty : CookieReading::kRead;
}

}  // namespace

const std::string& cookie_prefix() {
  static const std::string* prefix = new std::string(make_prefix());
  return *prefix;
}

std::string birth_name(const std::string& cookie) {
  std::uint64_t hash = 0xcbf29ce484222325;  // FNV-1a
  for (const char byte : cookie) {
    hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3;
  }
  char text[24];
  std::snprintf(text, sizeof text, "rw%013llx",
                static_cast<unsigned long long>(hash & 0xf'ffff'ffff'ffff));
  return text;
}

CookieReading read_cookies(const ProcessEntry& process, std::string& out) {
  out.clear();
  std::string text;
  const CookieReading reading = read_environment(process, text);
  if (reading != CookieReading::kRead) return reading;
  static constexpr char kName[] = "REAPWELL_COOKIE=";
  constexpr size_t kLength = sizeof kName - 1;
  for (size_t at = 0; at < text.size();) {
    size_t end = text.find('\0', at);
    if (end == std::string::npos) end = text.size();
    if (text.compare(at, kLength, kName) == 0) out = text.substr(at + kLength, end - at - kLength);
    at = end + 1;
  }
  return reading;
}

bool carries_cookie(const ProcessEntry& process, const std::string& cookie) {
  std::string text;
  return read_environment(process, text) == CookieReading::kRead &&
         text.find(cookie) != std::string::npos;
}

}  // namespace reapwell
