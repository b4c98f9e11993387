#include "proc_table.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "unique_fd.h"

namespace reapwell {
namespace {

// One line of numbers and a command of 15 bytes (escaped nowhere): under 400 bytes in practice.
constexpr size_t kStatBytes = 1024;

bool read_stat(int directory, const char* path, ProcessEntry& out) {
  UniqueFd file(openat(directory, path, O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return false;
  char buffer[kStatBytes];
  const ssize_t length = read(file.get(), buffer, sizeof buffer - 1);
  if (length <= 0) return false;
  buffer[length] = '\0';
  return parse_stat(buffer, static_cast<size_t>(length), out);
}

template <typename Keep>
bool list_matching(std::vector<ProcessEntry>& out, Keep keep) {
  DIR* directory = opendir("/proc");
  if (directory == nullptr) return false;
  char path[NAME_MAX + 8];
  ProcessEntry entry;
  while (const dirent* item = readdir(directory)) {
    if (item->d_name[0] < '0' || item->d_name[0] > '9') continue;
    std::snprintf(path, sizeof path, "%s/stat", item->d_name);
    if (read_stat(dirfd(directory), path, entry) && keep(entry)) out.push_back(entry);
  }
  closedir(directory);
  return true;
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
  out.kernel_flags = static_cast<unsigned>(field[9]);
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

bool read_process(pid_t pid, ProcessEntry& out) {
  char path[32];
  std::snprintf(path, sizeof path, "/proc/%d/stat", pid);
  return read_stat(AT_FDCWD, path, out);
}

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

bool list_live_group(pid_t pgid, std::vector<ProcessEntry>& out) {
  return list_matching(
      out, [pgid](const ProcessEntry& entry) { return entry.pgid == pgid && entry.alive(); });
}

}  // namespace reapwell
