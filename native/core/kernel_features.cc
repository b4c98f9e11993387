#include "kernel_features.h"

#include <errno.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clone3.h"
#include "launcher.h"
#include "signal_mask.h"
#include "sys.h"
#include "thread.h"
#include "unique_fd.h"
#include "vfork_clone.h"

namespace reapwell {
namespace {

constexpr int kTrialExitCode = 42;

__attribute__((no_sanitize("address", "thread", "undefined"))) int exit_at_once(void*) {
  for (;;) syscall(SYS_exit_group, kTrialExitCode);
}

// False if there was no child to try with.
bool try_with_child(KernelFeatures& features) {
  ChildStack stack;
  void* top = stack.top();
  if (top == nullptr) return false;
  int from_clone = -1;
  pid_t pid;
  {
    BlockEverySignal blocked;
    pid = vfork_clone(exit_at_once, top, CLONE_PIDFD, nullptr, &from_clone);
  }
  if (pid < 0) return false;
  UniqueFd pidfd(from_clone);
  features.clone_pidfd = pidfd.valid();
  UniqueFd opened(sys::pidfd_open(pid, 0));
  if (!pidfd.valid()) pidfd = std::move(opened);

  siginfo_t info;
  const int by_pidfd = pidfd.valid() ? sys::waitid(sys::kIdPidfd, static_cast<id_t>(pidfd.get()),
                                                   &info, WEXITED | __WALL)
                                     : -EBADF;
  // EBADF is the answer of a kernel that has the call and the flag, about a descriptor that is
  // none.
  const int no_flags = sys::pidfd_send_signal(-1, 0, 0);
  features.pidfd = by_pidfd == 0 && info.si_pid == pid && no_flags == -EBADF;
  if (by_pidfd != 0) {
    sys::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | __WALL);
    return true;
  }
  features.pidfd_group_signal =
      features.pidfd && sys::pidfd_send_signal(-1, 0, sys::kPidfdSignalProcessGroup) == -EBADF;
  int wait_status = 0;
  features.pidfd_exit_status = sys::pidfd_exit_status(pidfd.get(), &wait_status) == 0 &&
                               WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == kTrialExitCode;
  return true;
}

// EBADF is the answer of a kernel that has the flag, about a descriptor that is none.
void try_clone_into_cgroup(KernelFeatures& features) {
  ChildStack stack;
  if (stack.top() == nullptr) return;
  BlockEverySignal blocked;
  const pid_t pid = clone_into_cgroup({exit_at_once, nullptr, stack.bottom(), ChildStack::bytes(),
                                       CLONE_VM | CLONE_VFORK, nullptr, -1});
  features.clone_into_cgroup = pid == -EBADF;
}

bool find_out(KernelFeatures& features) {
  const bool tried = try_with_child(features);
  try_clone_into_cgroup(features);
  // An empty range above every descriptor: closes nothing.
  features.close_range = sys::close_range(~0U - 1, ~0U - 1, 0) == 0;
  int is_subreaper = 0;
  features.subreaper = prctl(PR_GET_CHILD_SUBREAPER, &is_subreaper, 0, 0, 0) == 0;
  return tried;
}

Mutex mutex;
bool known = false;       // guarded by mutex
KernelFeatures features;  // guarded by mutex

}  // namespace

KernelFeatures kernel_features() {
  Lock lock(mutex);
  if (!known) {
    features = KernelFeatures();
    known = find_out(features);
  }
  return features;
}

}  // namespace reapwell
