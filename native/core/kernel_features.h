// What this kernel, and whatever filters this process, allow: each found by trying it, none by
// version, and none by another. A seccomp filter may refuse what the version promises, and a
// vendor's kernel may have what it does not.
#pragma once

#include "pidfd_abilities.h"

namespace reapwell {

struct KernelFeatures {
  PidfdAbilities pidfd;
  bool close_range = false;        // Linux 5.9
  bool subreaper = false;          // Linux 3.4
  bool clone_into_cgroup = false;  // clone3 with CLONE_INTO_CGROUP: Linux 5.7
  bool signalfd = false;           // Linux 2.6.27
};

// Starts and reaps one child that exits at once. Microseconds; the first call pays, any thread. If
// what it takes to try can't be had (no descriptor, no process), nothing is known: the answer is
// "none", and the next call tries again.
KernelFeatures kernel_features();

}  // namespace reapwell
