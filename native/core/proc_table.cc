#include "proc_table.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "unique_fd.h"

namespace reapwell {
namespace {

// One line of numbers and a command of 15 bytes (escaped nowhere): under 400 bytes in practice.
constexpr size_t kStatBytes = 1024;

enum class Reading { kOk, kGone, kFailed };

Reading read_stat(int directory, const char* path, ProcessEntry& out) {
  UniqueFd file(openat(directory, path, O_RDONLY | O_CLOEXEC));
  if (!file.valid()) {
    const bool exhausted = errno == EMFILE || errno == ENFILE || errno == ENOMEM;
    return exhausted ? Reading::kFailed : Reading::kGone;
  }
  char buffer[kStatBytes];
  const ssize_t length = read(file.get(), buffer, sizeof buffer - 1);
  if (length <= 0) return Reading::kGone;
  buffer[length] = '\0';
  return parse_stat(buffer, static_cast<size_t>(length), out) ? Reading::kOk : Reading::kFailed;
}

struct Dirent {
  std::uint64_t inode;
  std::int64_t offset;
  std::uint16_t length;
  std::uint8_t type;
  char name[1];
};

// Lists /proc a process at a time. readdir(3) would list hundreds before the first of them is read,
// and a group whose members fork and exit would have died in each line by the time it is looked at.
template <typename Visit>
bool visit_processes(Visit visit) {
  if (!proc_is_ours()) return false;
  UniqueFd directory(open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory.valid()) return false;
  alignas(Dirent) char buffer[512];
  // Room for one entry whose name is a number, and for more only where a longer name asks for it.
  constexpr size_t kOne = 32;
  for (;;) {
    long bytes = -1;
    for (size_t room = kOne; bytes < 0 && room <= sizeof buffer; room *= 2) {
      bytes = syscall(SYS_getdents64, directory.get(), buffer, room);
      if (bytes < 0 && errno != EINVAL) return false;
    }
    if (bytes <= 0) return bytes == 0;
    for (long at = 0; at < bytes;) {
      const auto* entry = reinterpret_cast<const Dirent*>(buffer + at);
      at += entry->length;
      const bool number = entry->name[0] >= '0' && entry->name[0] <= '9';
      if (number && !visit(directory.get(), entry->name)) return false;
    }
  }
}

// A listing without ourselves is of something else: /proc can be unmounted, or mounted over, at any
// time, and an empty folder must not pass for a system without processes.
template <typename Keep>
bool list_matching(std::vector<ProcessEntry>& out, Keep keep) {
  ProcessEntry entry;
  const pid_t self = getpid();
  bool shows_us = false;
  const bool whole = visit_processes([&](int directory, const char* number) {
    char path[NAME_MAX + 8];
    std::snprintf(path, sizeof path, "%s/stat", number);
    const Reading reading = read_stat(directory, path, entry);
    if (reading == Reading::kOk) {
      shows_us = shows_us || entry.pid == self;
      if (keep(entry)) out.push_back(entry);
    }
    return reading != Reading::kFailed;
  });
  return whole && shows_us;
}

bool shows_ourselves() {
  char target[16];
  const ssize_t length = readlink("/proc/self", target, sizeof target - 1);
  if (length <= 0) return false;
  target[length] = '\0';
  return std::strtol(target, nullptr, 10) == getpid();
}

}  // namespace

bool parse_stat(const char* text, size_t length, ProcessEntry& out) {
  const char* open = static_cast<const char*>(std::memchr(text, '(', length));
  const char* close = static_cast<const char*>(memrchr(text, ')', length));
  if (open == nullptr || close == nullptr || close < open || close[1] != ' ') return false;
  out.pid = static_cast<pid_t>(std::strtol(text, nullptr, 10));
  out.command.assign(open + 1, close);
  out.state = close[2];
  // Fields 4 to 52 of proc(5), space separated; a few are negative, all fit 64 bits.
  constexpr int kFirst = 4;
  constexpr int kLast = 52;
  std::int64_t field[kLast + 1] = {};
  const char* at = close + 3;
  for (int i = kFirst; i <= kLast; i++) {
    char* end = nullptr;
    // Addresses and times are unsigned 64-bit, the rest is signed.
    field[i] = i >= 22 && i != 24 ? static_cast<std::int64_t>(std::strtoull(at, &end, 10))
                                  : std::strtoll(at, &end, 10);
    if (end == at) return false;
    at = end;
  }
  out.ppid = static_cast<pid_t>(field[4]);
  out.pgid = static_cast<pid_t>(field[5]);
  out.sid = static_cast<pid_t>(field[6]);
  out.minor_faults = static_cast<std::uint64_t>(field[10]);
  out.major_faults = static_cast<std::uint64_t>(field[12]);
  out.user_ticks = static_cast<std::uint64_t>(field[14]);
  out.system_ticks = static_cast<std::uint64_t>(field[15]);
  out.threads = static_cast<int>(field[20]);
  out.start_ticks = static_cast<std::uint64_t>(field[22]);
  out.resident_pages = field[24];
  out.wait_status = static_cast<int>(field[52]);
  return true;
}

bool proc_is_ours() {
  static std::atomic<bool> found{false};
  if (found.load(std::memory_order_relaxed)) return true;
  if (!shows_ourselves()) return false;
  found.store(true, std::memory_order_relaxed);
  return true;
}

int find_process(pid_t pid, ProcessEntry& out) {
  if (!proc_is_ours()) return -ENOENT;
  char path[32];
  std::snprintf(path, sizeof path, "/proc/%d/stat", pid);
  switch (read_stat(AT_FDCWD, path, out)) {
    case Reading::kOk:
      return 0;
    case Reading::kGone:
      // Unless it is /proc that has gone since we first looked.
      return shows_ourselves() ? -ESRCH : -ENOENT;
    case Reading::kFailed:
      break;
  }
  return errno == ENFILE || errno == ENOMEM ? -errno : -EMFILE;
}

bool read_process(pid_t pid, ProcessEntry& out) { return find_process(pid, out) == 0; }

bool list_processes(std::vector<ProcessEntry>& out) {
  return list_matching(out, [](const ProcessEntry&) { return true; });
}

std::uint64_t forks_since_boot() {
  FILE* file = std::fopen("/proc/stat", "re");
  if (file == nullptr) return 0;
  char* line = nullptr;
  size_t capacity = 0;
  std::uint64_t forks = 0;
  while (getline(&line, &capacity, file) > 0) {
    if (std::strncmp(line, "processes ", 10) == 0) forks = std::strtoull(line + 10, nullptr, 10);
  }
  std::free(line);
  std::fclose(file);
  return forks;
}

void split_group(const std::vector<ProcessEntry>& processes, pid_t pgid,
                 std::vector<ProcessEntry>& live, std::vector<ProcessEntry>& zombies) {
  for (const ProcessEntry& process : processes) {
    if (process.pgid == pgid) (process.alive() ? live : zombies).push_back(process);
  }
}

bool list_live_group(pid_t pgid, std::vector<ProcessEntry>& out) {
  return list_matching(
      out, [pgid](const ProcessEntry& entry) { return entry.pgid == pgid && entry.alive(); });
}

}  // namespace reapwell
