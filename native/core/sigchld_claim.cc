#include "sigchld_claim.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "sys.h"
#include "unique_fd.h"

namespace reapwell {
namespace {

constexpr std::int64_t kThreadDeadlineNs = 2'000'000'000;
constexpr const char* kClaimantName = "reapwell-claim";

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
    sys::set_signal_mask(SIG_UNBLOCK, sys::signal_bit(SIGCHLD));
  }
}

bool read_task_file(pid_t tid, const char* name, char* buffer, size_t size) {
  char path[64];
  std::snprintf(path, sizeof path, "/proc/self/task/%d/%s", tid, name);
  UniqueFd file(open(path, O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return false;
  const ssize_t length = read(file.get(), buffer, size - 1);
  if (length < 0) return false;
  buffer[length] = '\0';
  return true;
}

bool list_threads(std::vector<pid_t>& out) {
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

// False: the thread has gone.
bool blocked_signals(pid_t tid, sys::SignalSet& out) {
  char buffer[4096];
  if (!read_task_file(tid, "status", buffer, sizeof buffer)) return false;
  const char* line = std::strstr(buffer, "\nSigBlk:");
  if (line == nullptr) return false;
  out = std::strtoull(line + 8, nullptr, 16);
  return true;
}

bool blocks_sigchld_or_gone(pid_t tid) {
  sys::SignalSet blocked = 0;
  return !blocked_signals(tid, blocked) || (blocked & sys::signal_bit(SIGCHLD)) != 0;
}

// Two copies of the addon can't share code, but they share the process: the name of the claiming
// thread is the mark. Both set it before they look, so one of two at the same time sees the other;
// the lower thread number keeps the claim.
bool another_copy_claims(const std::vector<pid_t>& threads) {
  const pid_t self = sys::gettid();
  char name[32];
  for (const pid_t tid : threads) {
    if (tid == self || !read_task_file(tid, "comm", name, sizeof name)) continue;
    if (std::strncmp(name, kClaimantName, std::strlen(kClaimantName)) == 0 && tid < self)
      return true;
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

void sleep_briefly() {
  const timespec pause{0, 200'000};
  nanosleep(&pause, nullptr);
}

// Makes one thread block SIGCHLD and sees that it does.
bool sweep_thread(pid_t tid, int signal) {
  sys::SignalSet blocked = 0;
  if (!blocked_signals(tid, blocked) || (blocked & sys::signal_bit(SIGCHLD)) != 0) return true;
  if ((blocked & sys::signal_bit(signal)) != 0) return false;
  const int runs = handler_runs.load(std::memory_order_acquire);
  const int sent = sys::tgkill(getpid(), tid, signal);
  if (sent == -ESRCH) return true;
  if (sent < 0) return false;
  const std::int64_t deadline = sys::monotonic_ns() + kThreadDeadlineNs;
  // The handler's run is awaited before its effect is looked up: until it has run, /proc can show
  // the mask of the handler itself, which blocks everything.
  while (handler_runs.load(std::memory_order_acquire) == runs) {
    if (!blocked_signals(tid, blocked)) return true;
    if (sys::monotonic_ns() > deadline) return false;
    sleep_briefly();
  }
  while (!blocks_sigchld_or_gone(tid)) {
    if (sys::monotonic_ns() > deadline) return false;
    sleep_briefly();
  }
  return true;
}

ClaimResult sweep(int signal) {
  std::vector<pid_t> threads;
  // A thread that was born of one not yet swept is found by the next pass.
  for (bool found_new = true; found_new;) {
    found_new = false;
    if (!list_threads(threads)) return ClaimResult::kNoProc;
    for (const pid_t tid : threads) {
      if (blocks_sigchld_or_gone(tid)) continue;
      found_new = true;
      if (!sweep_thread(tid, signal)) return ClaimResult::kThreadRefused;
    }
  }
  return ClaimResult::kClaimed;
}

}  // namespace

ClaimResult claim_sigchld() {
  prctl(PR_SET_NAME, kClaimantName, 0, 0, 0);
  std::vector<pid_t> threads;
  ClaimResult result = list_threads(threads) ? ClaimResult::kClaimed : ClaimResult::kNoProc;
  if (result == ClaimResult::kClaimed && another_copy_claims(threads)) {
    result = ClaimResult::kTakenByOther;
  }
  const int signal = unused_real_time_signal();
  if (result == ClaimResult::kClaimed && signal == 0) result = ClaimResult::kNoSignal;
  if (result == ClaimResult::kClaimed) {
    struct sigaction action {};
    struct sigaction previous {};
    action.sa_sigaction = sweep_handler;
    action.sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK;
    sigfillset(&action.sa_mask);
    sigaction(signal, &action, &previous);
    result = sweep(signal);
    // Ignoring first throws away what a thread that never ran has pending: under the default
    // disposition that signal would end the process.
    struct sigaction ignore {};
    ignore.sa_handler = SIG_IGN;
    sigaction(signal, &ignore, nullptr);
    sigaction(signal, &previous, nullptr);
  }
  if (result != ClaimResult::kClaimed) {
    prctl(PR_SET_NAME, "reapwell-reaper", 0, 0, 0);
    return result;
  }
  if (!unblock_in_forks.exchange(true)) pthread_atfork(nullptr, nullptr, unblock_in_fork_child);
  return ClaimResult::kClaimed;
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
  sys::set_signal_mask(SIG_UNBLOCK, sys::signal_bit(SIGCHLD));
  sys::set_signal_mask(SIG_BLOCK, sys::signal_bit(SIGCHLD));
}

}  // namespace reapwell
