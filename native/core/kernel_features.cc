#include "kernel_features.h"

#include <errno.h>
#include <limits.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <utility>

#include "clone3.h"
#include "launcher.h"
#include "pid_handle.h"
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

// What stands for "not now", where a filter or an old kernel says "never".
bool is_shortage(int error) {
  return error == -EMFILE || error == -ENFILE || error == -ENOMEM || error == -EAGAIN;
}

// A child that has exited, and that only we can reap: its exit signal is 0.
class TrialChild {
 public:
  // `flags`: CLONE_PIDFD or none.
  explicit TrialChild(int flags) {
    ChildStack stack;
    void* top = stack.top();
    int from_clone = -1;
    if (top != nullptr) {
      BlockEverySignal blocked;
      pid_ = vfork_clone(exit_at_once, top, flags, nullptr, &from_clone);
    }
    error_ = top == nullptr ? -ENOMEM : pid_ < 0 ? -errno : 0;
    pidfd_ = UniqueFd(from_clone);
  }
  ~TrialChild() { reap(); }
  TrialChild(const TrialChild&) = delete;
  TrialChild& operator=(const TrialChild&) = delete;

  pid_t pid() const { return pid_; }
  int error() const { return error_; }
  UniqueFd& pidfd() { return pidfd_; }

  bool reap_by_pidfd() {
    siginfo_t info;
    const auto id = static_cast<id_t>(pidfd_.get());
    const bool reaped = sys::waitid(sys::kIdPidfd, id, &info, WEXITED | __WALL) == 0;
    if (reaped) reaped_ = true;
    return reaped && info.si_pid == pid_;
  }
  void reap() {
    siginfo_t info;
    while (pid_ > 0 && !reaped_) {
      const int result = sys::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | __WALL);
      reaped_ = result != -EINTR;
    }
  }

 private:
  pid_t pid_ = -1;
  int error_ = 0;
  UniqueFd pidfd_;
  bool reaped_ = false;
};

// A pidfd of Linux 5.2 can't be polled: an epoll set refuses it.
int try_polling(int pidfd) {
  const UniqueFd epoll(epoll_create1(EPOLL_CLOEXEC));
  if (!epoll.valid()) return -errno;
  epoll_event event{};
  event.events = EPOLLIN;
  return epoll_ctl(epoll.get(), EPOLL_CTL_ADD, pidfd, &event) < 0 ? -errno : 0;
}

// What needs a pidfd of the trial child, which is reaped in the course of it.
int try_with_pidfd(TrialChild& child, PidfdAbilities& found) {
  const int polls = try_polling(child.pidfd().get());
  if (is_shortage(polls)) return polls;
  found.poll = polls != -EPERM;
  // While it is a zombie: who has been reaped can't be opened.
  const std::string handle = handle_of_pidfd(child.pidfd().get());
  found.handle = look_at_handle(handle) == HandleState::kThere;
  // EBADF is the answer of a kernel that has the call and the flag, about a descriptor that is
  // none.
  found.signal = sys::pidfd_send_signal(-1, 0, 0) == -EBADF;
  found.group_signal =
      found.signal && sys::pidfd_send_signal(-1, 0, sys::kPidfdSignalProcessGroup) == -EBADF;
  found.wait = child.reap_by_pidfd();
  child.reap();
  int wait_status = 0;
  found.exit_status = sys::pidfd_exit_status(child.pidfd().get(), &wait_status) == 0 &&
                      WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == kTrialExitCode;
  return 0;
}

int try_with_child(TrialChild& child, PidfdAbilities& found) {
  found.from_clone = child.pidfd().valid();
  const int opened = sys::pidfd_open(child.pid(), 0);
  if (is_shortage(opened)) return opened;
  UniqueFd owned(opened);
  found.open = owned.valid();
  if (!found.from_clone) child.pidfd() = std::move(owned);
  return child.pidfd().valid() ? try_with_pidfd(child, found) : 0;
}

// 0, or why that can't be found out now.
int try_pidfds(PidfdAbilities& found) {
  {
    TrialChild child(CLONE_PIDFD);
    if (child.pid() > 0) return try_with_child(child, found);
    if (is_shortage(child.error())) return child.error();
  }
  // A filter refuses the flag; the kernel itself has ignored it before it knew it.
  TrialChild child(0);
  return child.pid() > 0 ? try_with_child(child, found) : child.error();
}

// EBADF is the answer of a kernel that has the flag, about a descriptor that is none (and not about
// a negative one: EINVAL).
void try_clone_into_cgroup(KernelFeatures& features) {
  ChildStack stack;
  if (stack.top() == nullptr) return;
  BlockEverySignal blocked;
  const pid_t pid = clone_into_cgroup({exit_at_once, nullptr, stack.bottom(), ChildStack::bytes(),
                                       CLONE_VM | CLONE_VFORK, nullptr, INT_MAX});
  features.clone_into_cgroup = pid == -EBADF;
}

int try_signalfd(KernelFeatures& features) {
  sigset_t none;
  sigemptyset(&none);
  const UniqueFd made(signalfd(-1, &none, SFD_CLOEXEC));
  features.signalfd = made.valid();
  return made.valid() ? 0 : -errno;
}

bool find_out(KernelFeatures& features) {
  if (try_pidfds(features.pidfd) < 0) return false;
  if (is_shortage(try_signalfd(features))) return false;
  try_clone_into_cgroup(features);
  // An empty range above every descriptor: closes nothing.
  features.close_range = sys::close_range(~0U - 1, ~0U - 1, 0) == 0;
  int is_subreaper = 0;
  features.subreaper = prctl(PR_GET_CHILD_SUBREAPER, &is_subreaper, 0, 0, 0) == 0;
  return true;
}

Mutex mutex;
bool known = false;       // guarded by mutex
KernelFeatures features;  // guarded by mutex

}  // namespace

KernelFeatures kernel_features() {
  Lock lock(mutex);
  if (!known) {
    KernelFeatures found;
    known = find_out(found);
    features = known ? found : KernelFeatures();
  }
  return features;
}

}  // namespace reapwell
