// What this kernel, and whatever filters this process, allow: each found by trying it, none by
// version. A seccomp filter may refuse what the version promises, and a vendor's kernel may have
// what it does not.
#pragma once

namespace reapwell {

struct KernelFeatures {
  bool pidfd = false;               // open, poll, waitid(P_PIDFD) and signal: Linux 5.4
  bool clone_pidfd = false;         // Linux 5.2
  bool pidfd_group_signal = false;  // PIDFD_SIGNAL_PROCESS_GROUP: Linux 6.9
  bool pidfd_exit_status = false;   // PIDFD_INFO_EXIT: Linux 6.15
  bool close_range = false;         // Linux 5.9
  bool subreaper = false;           // Linux 3.4
  bool clone_into_cgroup = false;   // clone3 with CLONE_INTO_CGROUP: Linux 5.7
};

// Starts and reaps one child that exits at once. Microseconds; the first call pays, any thread. If
// not even that child can be started (no descriptor, no process to be had), nothing is known: the
// answer is "none", and the next call tries again.
KernelFeatures kernel_features();

}  // namespace reapwell
