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

// An exec takes a few hundred microseconds, and longer on a busy machine.
constexpr int kLooksAmidExec = 100;
constexpr int kLooksAtBusy = 10;
constexpr std::int64_t kExecPause = 100'000;

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

// As it is now, or after a moment: an exec waits in state D for whoever is reading its environment.
ProcessEntry awake(ProcessEntry process) {
  for (int look = 0; look < kLooksAtBusy && process.state == 'D'; look++) {
    sys::sleep_ns(kExecPause);
    ProcessEntry now;
    if (!read_process(process.pid, now) || now.start_ticks != process.start_ticks) break;
    process = now;
  }
  return process;
}

// In the moment of an exec a process has neither environment nor arguments, whatever it had before
// and will have in a moment. A kernel thread never has any; it is a child of kthreadd's.
bool is_amid_exec(const ProcessEntry& process) {
  constexpr pid_t kThreadDaemon = 2;
  if (process.ppid == kThreadDaemon || process.pid == kThreadDaemon) return false;
  char path[32];
  std::snprintf(path, sizeof path, "/proc/%d/cmdline", process.pid);
  UniqueFd file(open(path, O_RDONLY | O_CLOEXEC));
  char byte;
  return file.valid() && read(file.get(), &byte, 1) == 0;
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
  CookieReading reading = read_environment(awake(process), text);
  // Who escapes by an exec (setsid(1), nohup(1)) would slip through between two environments.
  for (int look = 0; look < kLooksAmidExec && reading == CookieReading::kEmpty; look++) {
    const bool amid_exec = is_amid_exec(process);
    if (amid_exec) sys::sleep_ns(kExecPause);
    // Once more in any case: a file that was opened before the exec is of the memory that went.
    reading = read_environment(process, text);
    if (!amid_exec) break;
  }
  return reading == CookieReading::kRead && text.find(cookie) != std::string::npos;
}

}  // namespace reapwell
