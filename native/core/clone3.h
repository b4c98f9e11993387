// clone3(2) with CLONE_INTO_CGROUP (Linux 5.7), the one thing that plain clone can't do: the child
// is born in its cgroup, so that nothing it starts can be outside. libc has no wrapper for it.
#pragma once

#include <sys/types.h>

#include <cstddef>

namespace reapwell {

struct CloneInto {
  int (*body)(void*);
  void* argument;
  void* stack;  // lowest address
  size_t stack_bytes;
  unsigned long flags;  // as for clone, without an exit signal
  int* pidfd;           // with CLONE_PIDFD
  int cgroup;           // a descriptor of the cgroup's folder
};

// The child runs body(argument) on its stack. Returns its pid or a negative errno (ENOSYS, also on
// architectures that this has not been written for).
pid_t clone_into_cgroup(const CloneInto& request);

}  // namespace reapwell
