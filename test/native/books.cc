#include "books.h"

#include <dirent.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <vector>

#include "core/cookie.h"
#include "core/proc_table.h"

namespace reapwell::stress {
namespace {

template <typename Visit>
void each_entry(const char* path, Visit visit) {
  DIR* directory = opendir(path);
  if (directory == nullptr) return;
  while (const dirent* item = readdir(directory)) {
    if (item->d_name[0] != '.') visit(item->d_name);
  }
  closedir(directory);
}

bool is_spawner(const char* tid) {
  char path[300];
  std::snprintf(path, sizeof path, "/proc/self/task/%s/comm", tid);
  FILE* file = std::fopen(path, "re");
  if (file == nullptr) return false;
  char name[32] = {};
  const bool read = std::fgets(name, sizeof name, file) != nullptr;
  std::fclose(file);
  return read && std::strcmp(name, "reapwell-spawn\n") == 0;
}

}  // namespace

Books take_books() {
  Books books;
  // The directory that is being read is one of them, each time.
  each_entry("/proc/self/fd", [&](const char*) { books.descriptors++; });
  each_entry("/proc/self/task",
             [&](const char* tid) { (is_spawner(tid) ? books.spawners : books.threads)++; });
  return books;
}

std::string leftovers(const std::string& mark, bool subreaper) {
  std::vector<ProcessEntry> processes;
  if (!list_processes(processes)) return "/proc can't be listed";
  std::string out;
  for (const ProcessEntry& process : processes) {
    // One that made a session of its own and died soon can't be told from a child of others, so a
    // subreaper doesn't take it (see docs/decisions.md).
    const bool untold = subreaper && process.sid == process.pid;
    const bool zombie = process.ppid == getpid() && !process.alive() && !untold;
    const bool alive = process.pid != getpid() && carries_cookie(process, mark);
    if (!zombie && !alive) continue;
    char text[96];
    std::snprintf(text, sizeof text, " %d (%s, %c, group %d, session %d)", process.pid,
                  process.command.c_str(), process.state, process.pgid, process.sid);
    out += text;
  }
  return out;
}

}  // namespace reapwell::stress
