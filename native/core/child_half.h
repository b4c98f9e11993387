// The child's half of a spawn: from clone to exec, on memory that it shares with its parent.
//
// Every function here is async-signal-safe: system calls and arithmetic on the child's own stack,
// no allocation, no locks, no libc function with state. It must not call setuid(3) and its like:
// libc's versions signal every thread of the process, which here is the parent's.
#pragma once

#include <sys/types.h>

#include <atomic>

namespace reapwell {

struct SpawnRequest;

// Where a spawn failed. Values are shared with src/spawn (binding contract).
enum class SpawnStep : int {
  kNone = 0,
  kPipes = 1,
  kClone = 2,
  kGroup = 3,
  kSession = 4,
  kStdio = 5,
  kUmask = 6,
  kNice = 7,
  kLimits = 8,
  kOomScore = 9,
  kCwd = 10,
  kGroups = 11,
  kGid = 12,
  kUid = 13,
  kNoNewPrivileges = 14,
  kParentDeath = 15,
  kExec = 16,
  kCgroup = 18,
  kFile = 19,
  kCgroupLimit = 20,
  kKilled = 17,  // died between clone and exec, by a signal that was not ours
};

// Shared with the suspended parent thread. The child writes, the parent reads after the child has
// exec'd or exited, which is what CLONE_VFORK waits for; the kernel's wake-up orders the two.
struct ChildReport {
  volatile int step = 0;   // SpawnStep of the failure, 0 while there is none
  volatile int error = 0;  // positive errno
};

struct ChildStart {
  const SpawnRequest* request;
  const char* const* candidates;  // null-terminated
  // The shell, room for a candidate, the arguments and null: for a file of no known format. Null
  // where such a file is refused. The child writes the second.
  const char** shell_argv;
  const int* sources;  // a descriptor of ours for each of the child's, or one of the below
  int* scratch;        // as long as sources; the child moves what is in the way here
  int count;
  int cgroup_procs;  // >= 0: the child enters its cgroup by itself, through this descriptor
  pid_t parent;
  const std::atomic<bool>* cancelled;  // null where nobody can cancel
  pid_t runs_as;                       // 0 until the child runs; read by LaunchControl::cancel()
  int table_from;                      // > 0: the table is shared; see take_own_table()
  ChildReport report;
};

constexpr int kFromDevNull = -1;
constexpr int kLeaveClosed = -2;
constexpr int kFromFile = -3;  // opened in the child

// Runs in the child; returns only by _exit. `raw` is a ChildStart.
int run_child_half(void* raw);

}  // namespace reapwell
