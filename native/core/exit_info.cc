#include "exit_info.h"

#include <errno.h>
#include <sys/wait.h>

#include "sys.h"

namespace reapwell {
namespace {

ExitInfo decode_siginfo(const siginfo_t& info) {
  ExitInfo exit;
  exit.known = true;
  if (info.si_code == CLD_EXITED) {
    exit.code = info.si_status;
  } else {
    exit.signal = info.si_status;
    exit.core_dumped = info.si_code == CLD_DUMPED;
  }
  return exit;
}

}  // namespace

Observation observe(WaitTarget target, bool stops) {
  Observation seen;
  siginfo_t info;
  struct rusage usage = {};
  const int options = WEXITED | WNOHANG | WNOWAIT | (stops ? WSTOPPED : 0);
  int result;
  do {
    result = sys::waitid(target.idtype, target.id, &info, options, &usage);
  } while (result == -EINTR);
  if (result < 0) {
    seen.sight = Sight::kLost;
    return seen;
  }
  if (info.si_pid == 0) return seen;
  if (info.si_code == CLD_STOPPED || info.si_code == CLD_TRAPPED) {
    seen.sight = Sight::kStopped;
    seen.stop_signal = info.si_status;
    return seen;
  }
  seen.sight = Sight::kExited;
  seen.exit = decode_siginfo(info);
  seen.exit.usage = usage;
  seen.exit.has_usage = true;
  return seen;
}

int reap(WaitTarget target) {
  siginfo_t info;
  int result;
  do {
    result = sys::waitid(target.idtype, target.id, &info, WEXITED | WNOHANG);
  } while (result == -EINTR);
  return result;
}

ExitInfo decode_wait_status(int wait_status) {
  ExitInfo exit;
  exit.known = true;
  if (WIFEXITED(wait_status)) {
    exit.code = WEXITSTATUS(wait_status);
  } else {
    exit.signal = WTERMSIG(wait_status);
    exit.core_dumped = WCOREDUMP(wait_status);
  }
  return exit;
}

}  // namespace reapwell
