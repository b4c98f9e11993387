// What a child is to have as its caller had it when it made the call, unless an option says
// otherwise. The child is cloned later, by another thread, and its caller may go on at once.
#pragma once

#include <sys/resource.h>

#include "unique_fd.h"

namespace reapwell {

struct CallerState {
  static constexpr int kResources = 16;  // RLIM_NLIMITS of Linux

  // Invalid where it can't be opened (a directory that we may no longer search): then the child
  // starts in the one that the process has at its clone.
  UniqueFd directory;
  int umask = -1;  // -1: unknown (no /proc), and as the process has it at the clone
  bool taken = false;
  int nice = 0;  // of the calling thread, which may be another than the cloning thread's
  rlimit limits[kResources] = {};
};

// On the thread of the call. 0, or a negative errno where there is no descriptor to be had.
int take_caller_state(CallerState& out);

}  // namespace reapwell
