#include "sigchld_claim.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <ucontext.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "proc_table.h"
#include "sys.h"
#include "unique_fd.h"

namespace reapwell {
namespace {

constexpr const char* kCandidateName = "reapwell-claims";
constexpr const char* kClaimantName = "reapwell-claim";
constexpr std::int64_t kPause = 200'000;
constexpr sys::SignalSet kSigchld = sys::signal_bit(SIGCHLD);

// Counts the sweep handler's runs. Written by the handlers, read by the claiming thread.
std::atomic<int> handler_runs{0};
// Set once by the claim, read in forked children.
std::atomic<bool> unblock_in_forks{false};

// Async-signal-safe. Edits the mask that the interrupted code returns to; an ordinary sigprocmask
// here would be undone by the return.
void sweep_handler(int, siginfo_t*, void* context) {
  sigaddset(&static_cast<ucontext_t*>(context)->uc_sigmask, SIGCHLD);
  handler_runs.fetch_add(1, std::memory_order_release);
}

// A fork that is not ours (libuv's, another addon's) must not hand a blocked SIGCHLD to its child.
void unblock_in_fork_child() {
  if (unblock_in_forks.load(std::memory_order_relaxed)) {
    sys::set_signal_mask(SIG_UNBLOCK, kSigchld);
  }
}

enum class Reading { kOk, kGone, kFailed };

// The whole file: the groups of a user who is in many come before the masks in "status".
Reading read_task_file(pid_t tid, const char* name, std::string& out) {
  char path[64];
  std::snprintf(path, sizeof path, "/proc/self/task/%d/%s", tid, name);
  UniqueFd file(open(path, O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return errno == ENOENT || errno == ESRCH ? Reading::kGone : Reading::kFailed;
  out.clear();
  char buffer[4096];
  for (;;) {
    const ssize_t length = read(file.get(), buffer, sizeof buffer);
    if (length < 0) return errno == ESRCH ? Reading::kGone : Reading::kFailed;
    if (length == 0) return Reading::kOk;
    out.append(buffer, static_cast<size_t>(length));
  }
}

// False as well if this is the /proc of another pid namespace: its numbers are not ours.
bool list_threads(std::vector<pid_t>& out) {
  if (!proc_is_ours()) return false;
  DIR* directory = opendir("/proc/self/task");
  if (directory == nullptr) return false;
  out.clear();
  while (const dirent* item = readdir(directory)) {
    const pid_t tid = static_cast<pid_t>(std::atoi(item->d_name));
    if (tid > 0) out.push_back(tid);
  }
  closedir(directory);
  return true;
}

// kFailed must not be taken for kGone: a claim that passes threads by because no descriptor is left
// is none.
Reading blocked_signals(pid_t tid, sys::SignalSet& out) {
  std::string status;
  const Reading reading = read_task_file(tid, "status", status);
  if (reading != Reading::kOk) return reading;
  const size_t line = status.find("\nSigBlk:");
  if (line == std::string::npos) return Reading::kFailed;
  out = std::strtoull(status.c_str() + line + 8, nullptr, 16);
  return Reading::kOk;
}

// Two copies of the addon can't share code, but they share the process: the name of the claiming
// thread is the mark. All set it before they look, so one of two at the same time sees the other,
// and the lower thread number goes on; but nobody takes the claim from one who has it already,
// unless both have.
bool another_copy_claims(const std::vector<pid_t>& threads, bool held) {
  const pid_t self = sys::gettid();
  std::string name;
  for (const pid_t tid : threads) {
    if (tid == self || read_task_file(tid, "comm", name) != Reading::kOk) continue;
    name.resize(std::min(name.size(), name.find('\n')));
    const bool claims = name == kClaimantName;
    if (claims && (!held || tid < self)) return true;
    if (!held && tid < self && name == kCandidateName) return true;
  }
  return false;
}

int unused_real_time_signal() {
  for (int signal = sys::kLastSignal - 1; signal > 34; signal--) {
    sys::KernelSigaction action{};
    if (sys::get_signal_action(signal, &action) == 0 && action.handler == SIG_DFL) return signal;
  }
  return 0;
}

// Makes one thread block SIGCHLD and sees that it does.
ClaimResult sweep_thread(pid_t tid, int signal, std::int64_t deadline_ns) {
  sys::SignalSet blocked = 0;
  const Reading reading = blocked_signals(tid, blocked);
  if (reading == Reading::kFailed) return ClaimResult::kNoProc;
  if (reading == Reading::kGone || (blocked & kSigchld) != 0) return ClaimResult::kClaimed;
  if ((blocked & sys::signal_bit(signal)) != 0) return ClaimResult::kThreadRefused;
  const int runs = handler_runs.load(std::memory_order_acquire);
  const int sent = sys::tgkill(getpid(), tid, signal);
  if (sent == -ESRCH) return ClaimResult::kClaimed;
  if (sent < 0) return ClaimResult::kThreadRefused;
  // The handler's run is awaited before its effect is looked up: until it has run, /proc can show
  // the mask of the handler itself, which blocks everything.
  bool has_run = false;
  for (;;) {
    has_run = has_run || handler_runs.load(std::memory_order_acquire) != runs;
    const Reading again = blocked_signals(tid, blocked);
    if (again == Reading::kFailed) return ClaimResult::kNoProc;
    if (again == Reading::kGone || (has_run && (blocked & kSigchld) != 0)) {
      return ClaimResult::kClaimed;
    }
    if (sys::monotonic_ns() > deadline_ns) return ClaimResult::kThreadRefused;
    sys::sleep_ns(kPause);
  }
}

ClaimResult list_unswept(std::vector<pid_t>& out) {
  std::vector<pid_t> threads;
  if (!list_threads(threads)) return ClaimResult::kNoProc;
  out.clear();
  for (const pid_t tid : threads) {
    sys::SignalSet blocked = 0;
    const Reading reading = blocked_signals(tid, blocked);
    if (reading == Reading::kFailed) return ClaimResult::kNoProc;
    if (reading == Reading::kOk && (blocked & kSigchld) == 0) out.push_back(tid);
  }
  return ClaimResult::kClaimed;
}

// A thread that was born of one not yet swept is found by the next pass. One that keeps unblocking
// SIGCHLD is found by every pass, so there is an end to them.
ClaimResult sweep(std::vector<pid_t>& unswept, int signal, std::int64_t patience_ns) {
  const std::int64_t deadline = sys::monotonic_ns() + patience_ns;
  while (!unswept.empty()) {
    for (const pid_t tid : unswept) {
      const ClaimResult result = sweep_thread(tid, signal, deadline);
      if (result != ClaimResult::kClaimed) return result;
    }
    if (sys::monotonic_ns() > deadline) return ClaimResult::kThreadRefused;
    const ClaimResult result = list_unswept(unswept);
    if (result != ClaimResult::kClaimed) return result;
  }
  return ClaimResult::kClaimed;
}

ClaimResult sweep_by_signal(std::vector<pid_t>& unswept, std::int64_t patience_ns) {
  const int signal = unused_real_time_signal();
  if (signal == 0) return ClaimResult::kNoSignal;
  struct sigaction action {};
  struct sigaction previous {};
  action.sa_sigaction = sweep_handler;
  action.sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK;
  sigfillset(&action.sa_mask);
  sigaction(signal, &action, &previous);
  const ClaimResult result = sweep(unswept, signal, patience_ns);
  // Ignoring first throws away what a thread that never ran has pending: under the default
  // disposition that signal would end the process.
  struct sigaction ignore {};
  ignore.sa_handler = SIG_IGN;
  sigaction(signal, &ignore, nullptr);
  sigaction(signal, &previous, nullptr);
  return result;
}

ClaimResult try_to_claim(std::int64_t patience_ns, bool held) {
  std::vector<pid_t> threads;
  if (!list_threads(threads)) return ClaimResult::kNoProc;
  if (another_copy_claims(threads, held)) return ClaimResult::kTakenByOther;
  std::vector<pid_t> unswept;
  const ClaimResult result = list_unswept(unswept);
  if (result != ClaimResult::kClaimed || unswept.empty()) return result;
  // From the first thread on that is swept, forked children would inherit it.
  if (!unblock_in_forks.exchange(true)) pthread_atfork(nullptr, nullptr, unblock_in_fork_child);
  return sweep_by_signal(unswept, patience_ns);
}

}  // namespace

ClaimResult claim_sigchld(std::int64_t patience_ns, bool held) {
  if (!held) prctl(PR_SET_NAME, kCandidateName, 0, 0, 0);
  const ClaimResult result = try_to_claim(patience_ns, held);
  const bool claimed = result == ClaimResult::kClaimed;
  prctl(PR_SET_NAME, claimed ? kClaimantName : "reapwell-reaper", 0, 0, 0);
  return result;
}

void relay_sigchld(const signalfd_siginfo& record) {
  sys::KernelSigaction action{};
  if (sys::get_signal_action(SIGCHLD, &action) < 0) return;
  if (action.handler == SIG_DFL || action.handler == SIG_IGN) return;
  siginfo_t info;
  std::memset(&info, 0, sizeof info);
  info.si_signo = SIGCHLD;
  info.si_errno = record.ssi_errno;
  info.si_code = record.ssi_code;
  info.si_pid = static_cast<pid_t>(record.ssi_pid);
  info.si_uid = record.ssi_uid;
  info.si_status = record.ssi_status;
  info.si_utime = static_cast<clock_t>(record.ssi_utime);
  info.si_stime = static_cast<clock_t>(record.ssi_stime);
  const pid_t self = sys::gettid();
  if (sys::queue_signal_to_thread(getpid(), self, SIGCHLD, &info) < 0) {
    // A filter may refuse the call; a bare signal still wakes the handler.
    sys::tgkill(getpid(), self, SIGCHLD);
  }
  sys::set_signal_mask(SIG_UNBLOCK, kSigchld);
  sys::set_signal_mask(SIG_BLOCK, kSigchld);
}

}  // namespace reapwell
