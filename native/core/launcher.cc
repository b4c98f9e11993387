#include "launcher.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <vector>

#include "cgroup.h"
#include "clone3.h"
#include "cookie.h"
#include "proc_table.h"
#include "signal_mask.h"
#include "spawn_request.h"
#include "sys.h"
#include "vfork_clone.h"

namespace reapwell {
namespace {

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
  if (pidfd >= 0) {
    sys::pidfd_send_signal(pidfd, SIGKILL, 0);
  } else {
    // Without pidfds. Nobody but the launching thread can reap it before its exec (exit signal 0),
    // and that one waits for this lock before it goes on.
    kill(pid, SIGKILL);
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

// A changed uid or gid in the child clears the "dumpable" flag of the memory that we share with it,
// which would leave *our* /proc files root's and our core dumps off (commit_creds in
// kernel/cred.c). It protects the child until its exec, so it is put back only afterwards: by the
// last of the launches that overlap, to what the first one found.
class KeepDumpable {
 public:
  explicit KeepDumpable(const SpawnRequest& request)
      : concerned_(request.has_uid || request.has_gid) {
    if (!concerned_) return;
    Lock lock(mutex());
    if (depth()++ == 0) saved() = prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);
  }
  ~KeepDumpable() {
    if (!concerned_) return;
    Lock lock(mutex());
    if (--depth() == 0 && saved() == 1) prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
  }
  KeepDumpable(const KeepDumpable&) = delete;
  KeepDumpable& operator=(const KeepDumpable&) = delete;

 private:
  static Mutex& mutex() {
    static Mutex instance;  // guards depth() and saved()
    return instance;
  }
  static int& depth() {
    static int value = 0;
    return value;
  }
  static int& saved() {
    static int value = 1;
    return value;
  }
  bool concerned_;
};

// A child is named after the thread that clones it until its exec. So one with a cookie can be told
// by its name (birth_name) until its environment tells it, and at no moment is it unmarked.
class NamedForBirth {
 public:
  explicit NamedForBirth(const std::string& cookie) : named_(!cookie.empty()) {
    if (!named_) return;
    prctl(PR_GET_NAME, previous_, 0, 0, 0);
    prctl(PR_SET_NAME, birth_name(cookie).c_str(), 0, 0, 0);
  }
  ~NamedForBirth() {
    if (named_) prctl(PR_SET_NAME, previous_, 0, 0, 0);
  }
  NamedForBirth(const NamedForBirth&) = delete;
  NamedForBirth& operator=(const NamedForBirth&) = delete;

 private:
  bool named_;
  char previous_[16] = {};
};

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
    } else {
      sources.push_back(entry.fd);
    }
  }
  return sources;
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

// Returns the pid or a negative errno.
pid_t clone_child(ChildStart& start, ChildStack& stack, bool use_pidfd, int* pidfd) {
  // Exit signal 0 until the exec, which makes it SIGCHLD: a spawn that fails rings nobody's
  // SIGCHLD, and a foreign waitpid(-1) can't take the child from under us.
  const int flags = CLONE_VM | CLONE_VFORK | (use_pidfd ? CLONE_PIDFD : 0);
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

}  // namespace

LaunchResult launch(const SpawnRequest& request, ChildStack& stack, bool use_pidfd,
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

  ChildStart start{&request,
                   candidates.data(),
                   sources.data(),
                   scratch.data(),
                   static_cast<int>(sources.size()),
                   -1,
                   getpid(),
                   nullptr,
                   0,
                   {}};
  int pidfd = -1;
  pid_t pid;
  const std::uint64_t born_after = sys::boottime_ns() / kNanosecondsInTick;
  {
    KeepDumpable keep_dumpable(request);
    NamedForBirth named(request.cookie);
    LaunchWindow window(control, &start, &pidfd);
    BlockEverySignal blocked;
    pid = clone_child(start, stack, use_pidfd, &pidfd);
  }
  if (pid < 0) {
    result.step = SpawnStep::kClone;
    result.error = pid;
    return result;
  }
  UniqueFd owned = above_stdio(pidfd);
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
  if (use_pidfd && !owned.valid()) {
    // Linux 5.2 has pidfd_open but ignores CLONE_PIDFD. The child is unreaped, so its number is
    // its.
    owned = above_stdio(sys::pidfd_open(pid, 0));
  }
  result.start_ticks = start_ticks_of(pid, born_after);
  result.pid = pid;
  result.pidfd = std::move(owned);
  return result;
}

}  // namespace reapwell
