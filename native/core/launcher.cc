#include "launcher.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <algorithm>
#include <vector>

#include "birth_guards.h"
#include "cgroup.h"
#include "clone3.h"
#include "kernel_features.h"
#include "proc_table.h"
#include "signal_mask.h"
#include "spawn_request.h"
#include "sys.h"
#include "vfork_clone.h"

namespace reapwell {
namespace {

constexpr std::int64_t kPause = 200'000;
constexpr size_t kGuardBytes = 4096;
constexpr size_t kStackBytes = 256 * 1024;
constexpr std::uint64_t kNanosecondsInTick = 10'000'000;  // USER_HZ is 100 on every Linux

}  // namespace

ChildStack::~ChildStack() {
  if (base_ != nullptr) munmap(base_, kGuardBytes + kStackBytes);
}

void* ChildStack::top() {
  if (base_ == nullptr) {
    void* mapped = mmap(nullptr, kGuardBytes + kStackBytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_NORESERVE, -1, 0);
    if (mapped == MAP_FAILED) return nullptr;
    mprotect(mapped, kGuardBytes, PROT_NONE);
    base_ = mapped;
  }
  return static_cast<char*>(base_) + kGuardBytes + kStackBytes;
}

void* ChildStack::bottom() const { return static_cast<char*>(base_) + kGuardBytes; }

size_t ChildStack::bytes() { return kStackBytes; }

void LaunchControl::cancel() {
  Lock lock(mutex_);
  cancelled_.store(true);
  if (child_ == nullptr) return;
  // The child says that it runs and then looks whether it was cancelled; here the order is the
  // other way round, so one of the two sees the other. Only then is the slot the child's: the
  // kernel fills it before the descriptor works, and leaves a number in it that may be a stranger's
  // by now if the clone fails after all.
  const pid_t pid = __atomic_load_n(&child_->runs_as, __ATOMIC_SEQ_CST);
  if (pid == 0) return;
  const int pidfd = __atomic_load_n(pidfd_slot_, __ATOMIC_ACQUIRE);
  const int sent = pidfd >= 0 ? sys::pidfd_send_signal(pidfd, SIGKILL, 0) : -EBADF;
  if (sent == 0 || sent == -ESRCH) return;
  // Without pidfds, or where they can't be signalled. Nobody but the launching thread can reap it
  // before its exec (exit signal 0), and that one waits for this lock before it goes on.
  kill(pid, SIGKILL);
}

void LaunchControl::await_finish(std::int64_t deadline_ns) const {
  while (!finished_.load(std::memory_order_acquire) && sys::monotonic_ns() < deadline_ns) {
    sys::sleep_ns(kPause);
  }
}

// The time in which cancel() may look for the child: pidfd not closed, child not reaped.
class LaunchWindow {
 public:
  LaunchWindow(LaunchControl* control, ChildStart* child, const int* slot) : control_(control) {
    if (control_ == nullptr) return;
    child->cancelled = &control_->cancelled_;
    set(child, slot);
  }
  ~LaunchWindow() {
    if (control_ != nullptr) set(nullptr, nullptr);
  }
  LaunchWindow(const LaunchWindow&) = delete;
  LaunchWindow& operator=(const LaunchWindow&) = delete;

 private:
  void set(const ChildStart* child, const int* slot) {
    Lock lock(control_->mutex_);
    control_->child_ = child;
    control_->pidfd_slot_ = slot;
  }
  LaunchControl* control_;
};

namespace {

// The child has failed and left, or is leaving: wait for its zombie. __WALL because its exit signal
// is still 0 (see clone_child); nobody else's waitpid(-1) could have taken it.
void reap_failed(pid_t pid) {
  siginfo_t info;
  while (sys::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | __WALL) == -EINTR) {
  }
}

// No failure was reported. Either the exec succeeded, or a signal came first: then the child is
// reaped here, and the signal returned.
//
// The exit signal tells the two apart, without a descriptor and without /proc: __WCLONE finds only
// children whose exit signal is not SIGCHLD, and the exec makes it that; so ECHILD means exec'd. It
// may block for a moment, and must: the kernel ends the vfork while a killed child is still on its
// way to being a zombie, and one taken for a started child could never be reaped, since waits
// without
// __WALL pass it by.
int reap_if_not_execed(pid_t pid) {
  siginfo_t info;
  int result;
  do {
    result = sys::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | __WCLONE);
  } while (result == -EINTR);
  return result < 0 ? 0 : info.si_status;
}

std::vector<int> source_descriptors(const SpawnRequest& request) {
  std::vector<int> sources;
  sources.reserve(request.stdio.size());
  for (const StdioEntry& entry : request.stdio) {
    if (entry.kind == StdioEntry::Kind::kDevNull) {
      sources.push_back(kFromDevNull);
    } else if (entry.kind == StdioEntry::Kind::kClosed) {
      sources.push_back(kLeaveClosed);
    } else if (entry.kind == StdioEntry::Kind::kFile ||
               entry.kind == StdioEntry::Kind::kFileAppend) {
      sources.push_back(kFromFile);
    } else {
      sources.push_back(entry.fd);
    }
  }
  return sources;
}

// The first descriptor that the child needs no copy of; 0 where it must be given the whole table.
int first_unneeded(const SpawnRequest& request, const std::vector<int>& sources) {
  if (!kernel_features().close_range) return 0;
  int first = static_cast<int>(sources.size());
  for (const int source : sources) {
    first = std::max(first, source + 1);
  }
  if (request.cgroup != nullptr) first = std::max(first, request.cgroup->procs() + 1);
  return first;
}

// The kernel stamps a process with this very clock as it clones it, and shows the stamp in ticks.
// So when no tick has begun since before the clone, /proc need not be asked, which costs more than
// all else that is done here after it.
std::uint64_t start_ticks_of(pid_t pid, std::uint64_t born_after) {
  const bool can_tell = proc_is_ours();  // where it is not, nobody could compare it with anything
  if (can_tell && sys::boottime_ns() / kNanosecondsInTick == born_after) return born_after;
  ProcessEntry entry;
  return read_process(pid, entry) ? entry.start_ticks : 0;
}

// Where clone gives no pidfd. If it can still be waited for afterwards, the number was its own when
// it was opened; if not, somebody else's waitpid(-1) has reaped it.
UniqueFd open_child(pid_t pid) {
  UniqueFd pidfd = long_lived(sys::pidfd_open(pid, 0));
  siginfo_t info;
  const int waited = sys::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT);
  return waited == 0 ? std::move(pidfd) : UniqueFd();
}

// Returns the pid or a negative errno.
pid_t clone_child(ChildStart& start, ChildStack& stack, bool with_pidfd, int* pidfd) {
  // Exit signal 0 until the exec, which makes it SIGCHLD: a spawn that fails rings nobody's
  // SIGCHLD, and a foreign waitpid(-1) can't take the child from under us.
  const int flags = CLONE_VM | CLONE_VFORK | (with_pidfd ? CLONE_PIDFD : 0) |
                    (start.table_from > 0 ? CLONE_FILES : 0);
  const Cgroup* cgroup = start.request->cgroup.get();
  if (cgroup != nullptr) {
    const pid_t pid =
        clone_into_cgroup({run_child_half, &start, stack.bottom(), ChildStack::bytes(),
                           static_cast<unsigned long>(flags), pidfd, cgroup->directory()});
    // An older kernel, or a filter that hides clone3: the child enters by itself, before its exec.
    if (pid != -ENOSYS && pid != -EPERM && pid != -EINVAL && pid != -E2BIG) return pid;
    start.cgroup_procs = cgroup->procs();
  }
  const pid_t pid = vfork_clone(run_child_half, stack.top(), flags, &start, pidfd);
  return pid < 0 ? -errno : pid;
}

// See ChildStart::shell_argv.
std::vector<const char*> shell_arguments(const SpawnRequest& request) {
  if (!request.shell_for_scripts) return {};
  std::vector<const char*> arguments{"/bin/sh", ""};
  char* const* argument = request.argv.pointers();
  while (*argument != nullptr && *++argument != nullptr) arguments.push_back(*argument);
  arguments.push_back(nullptr);
  return arguments;
}

}  // namespace

LaunchResult launch(const SpawnRequest& request, ChildStack& stack, const PidfdAbilities& pidfds,
                    LaunchControl* control) {
  LaunchResult result;
  if (stack.top() == nullptr) {
    result.step = SpawnStep::kClone;
    result.error = -ENOMEM;
    return result;
  }
  std::vector<const char*> candidates;
  for (const std::string& candidate : request.candidates) candidates.push_back(candidate.c_str());
  candidates.push_back(nullptr);
  const std::vector<int> sources = source_descriptors(request);
  std::vector<int> scratch(sources.size());
  std::vector<const char*> shell_argv = shell_arguments(request);

  ChildStart start{&request,
                   candidates.data(),
                   shell_argv.empty() ? nullptr : shell_argv.data(),
                   sources.data(),
                   scratch.data(),
                   static_cast<int>(sources.size()),
                   -1,
                   getpid(),
                   nullptr,
                   0,
                   first_unneeded(request, sources),
                   {}};
  int pidfd = -1;
  pid_t pid;
  const std::uint64_t born_after = sys::boottime_ns() / kNanosecondsInTick;
  {
    KeepDumpable keep_dumpable(request);
    NamedForBirth named(request.cookie);
    LaunchWindow window(control, &start, &pidfd);
    BlockEverySignal blocked;
    pid = clone_child(start, stack, pidfds.from_clone, &pidfd);
  }
  if (pid < 0) {
    result.step = SpawnStep::kClone;
    result.error = pid;
    return result;
  }
  UniqueFd owned = long_lived(pidfd);
  if (start.report.step != 0) {
    reap_failed(pid);
    result.step = static_cast<SpawnStep>(start.report.step);
    result.error = -start.report.error;
    return result;
  }
  const int killer = reap_if_not_execed(pid);
  if (killer != 0) {
    result.step = SpawnStep::kKilled;
    result.error = -killer;
    return result;
  }
  if (pidfds.open && !owned.valid()) owned = open_child(pid);
  result.start_ticks = start_ticks_of(pid, born_after);
  result.pid = pid;
  result.pidfd = std::move(owned);
  return result;
}

}  // namespace reapwell
