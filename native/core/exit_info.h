// How a child ended, and the one look that finds out.
#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <cstdint>

namespace reapwell {

struct ExitInfo {
  bool known = false;  // false: somebody else took the status and the kernel did not keep it
  int code = 0;        // the exit code, when signal is 0
  int signal = 0;      // the signal that ended it, else 0
  bool core_dumped = false;
  bool has_usage = false;
  struct rusage usage = {};
};

// What waitid(2) may be asked with: a pidfd where there is one, else the number.
struct WaitTarget {
  int idtype;
  id_t id;
};

enum class Sight : int {
  kRunning,
  kStopped,  // signal says by what
  kExited,
  kLost,     // not ours to wait for any more: reaped by us a moment ago, or by somebody else
  kUnknown,  // of a process that is not our child: /proc could not be read
};

struct Observation {
  Sight sight = Sight::kRunning;
  int stop_signal = 0;
  ExitInfo exit;
};

// A single waitid with WNOWAIT: takes nothing away from anybody. `stops` also asks for stopped.
Observation observe(WaitTarget target, bool stops);

// Takes the zombie away. Returns 0 or a negative errno (ECHILD: it was gone already).
int reap(WaitTarget target);

ExitInfo decode_wait_status(int wait_status);

}  // namespace reapwell
