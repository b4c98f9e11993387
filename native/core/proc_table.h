// What /proc says of processes. Reads only files that never wait for the process they describe:
// /proc/<pid>/stat does not, /proc/<pid>/cmdline takes its mmap lock and hangs with it.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace reapwell {

struct ProcessEntry {
  pid_t pid = 0;
  pid_t ppid = 0;
  pid_t pgid = 0;
  pid_t sid = 0;
  char state = '?';
  int threads = 0;
  std::uint64_t start_ticks = 0;  // since boot, in USER_HZ
  std::uint64_t user_ticks = 0;
  std::uint64_t system_ticks = 0;
  std::uint64_t minor_faults = 0;
  std::uint64_t major_faults = 0;
  std::int64_t resident_pages = 0;
  int wait_status = 0;  // of a zombie, where we may see it; 0 also where we may not
  std::string command;  // at most 15 bytes; may hold anything, ") R 1 (" and newlines included

  // A zombie whose other threads run on is alive: its main thread called pthread_exit.
  bool alive() const { return state != 'X' && state != 'x' && (state != 'Z' || threads > 1); }
};

// Splits one /proc/<pid>/stat. The command ends at the *last* parenthesis.
bool parse_stat(const char* text, size_t length, ProcessEntry& out);

// Whether /proc is mounted and speaks of our own pid namespace: in another one the same numbers are
// other processes.
bool proc_is_ours();

// 0; -ESRCH when there is no such process; another negative errno when that can't be found out (no
// descriptor left, no /proc of ours).
int find_process(pid_t pid, ProcessEntry& out);

// The same, for those to whom the reason makes no difference.
bool read_process(pid_t pid, ProcessEntry& out);

// Every process that this /proc shows, zombies included. False when /proc can't be read, or not all
// of it (no descriptor left).
//
// While numbers only rise, a group that goes on by forking shows a live member in every listing:
// the next process is looked for only when the one before has been read.
bool list_processes(std::vector<ProcessEntry>& out);

// How many forks (threads included) this system has seen since boot. 0: unknown. If two readings
// agree, a listing made between them has missed nobody.
std::uint64_t forks_since_boot();

// The members of a process group in a listing, the leader's zombie among them.
void split_group(const std::vector<ProcessEntry>& processes, pid_t pgid,
                 std::vector<ProcessEntry>& live, std::vector<ProcessEntry>& zombies);

// Live members of a process group, in the same way.
bool list_live_group(pid_t pgid, std::vector<ProcessEntry>& out);

}  // namespace reapwell
