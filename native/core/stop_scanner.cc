#include "stop_scanner.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

#include <utility>
#include <vector>

#include "sys.h"

namespace reapwell {
namespace {

constexpr std::int64_t kSpacing = 20;

void post_change(const ChildRecord& child, EventType type, int signal) {
  Event event{};
  event.type = type;
  event.id = child.id;
  event.value = signal;
  child.channel->post(std::move(event));
}

// One system call over all children of the process, in place of one for each. It names only the
// first that it meets, which may be somebody else's, so it serves to rule out, not to find.
bool some_child_is_stopped() {
  siginfo_t info;
  const int result = sys::waitid(P_ALL, 0, &info, WSTOPPED | WNOHANG | WNOWAIT);
  return result == 0 && info.si_pid != 0;
}

}  // namespace

void StopScanner::on_sigchld(pid_t pid, int code) {
  owe_scan();
  if (code != CLD_STOPPED && code != CLD_CONTINUED) return;
  const ChildPointer child = registry_.find(registry_.find_sequence_of_pid(pid));
  if (child != nullptr) look(child);
}

std::int64_t StopScanner::due_ns() const { return owed_ ? next_allowed_ns_ : INT64_MAX; }

void StopScanner::run(std::int64_t now_ns) {
  if (owed_ && now_ns >= next_allowed_ns_) {
    owed_ = false;
    scan();
    const std::int64_t end = sys::monotonic_ns();
    next_allowed_ns_ = end + (end - now_ns) * kSpacing;
  }
  answer();
}

void StopScanner::ask(ChildPointer child) {
  Lock lock(mutex_);
  asked_.insert(std::move(child));
}

// Through the same look as every change, so that what is told stays in order: who is told of a stop
// is told when it is over. One that was told already is told again, and whoever knows of it passes
// over that (src/child/emitter.ts).
void StopScanner::answer() {
  std::unordered_set<ChildPointer> asked;
  {
    Lock lock(mutex_);
    asked.swap(asked_);
  }
  for (const ChildPointer& child : asked) {
    const int told = child->reported_stop;
    // One that went on and has ended since would otherwise be told as what it was last seen to be.
    const bool stopped = look(child);
    const bool still = stopped && told != 0 && child->reported_stop == told;
    if (still) post_change(*child, EventType::kStopped, told);
  }
}

void StopScanner::scan() {
  if (looks_at_all_ || some_child_is_stopped()) {
    for (const auto& [sequence, child] : registry_.snapshot()) look(child);
    return;
  }
  const std::vector<std::pair<std::uint64_t, ChildPointer>> stopped(stopped_.begin(),
                                                                    stopped_.end());
  for (const auto& [sequence, child] : stopped) look(child);
}

bool StopScanner::look(const ChildPointer& child) {
  if (!child->announced.load(std::memory_order_acquire)) {
    owe_scan();
    return false;
  }
  const Observation seen = child->look();
  if (seen.sight == Sight::kExited) {
    stopped_.erase(child->sequence);
    return false;
  }
  if (seen.sight == Sight::kUnknown) return false;  // what is not our child is polled
  const int stop = seen.sight == Sight::kStopped ? seen.stop_signal : 0;
  if (stop == child->reported_stop) return stop != 0;
  child->reported_stop = stop;
  if (stop != 0) {
    stopped_[child->sequence] = child;
    post_change(*child, EventType::kStopped, stop);
  } else {
    stopped_.erase(child->sequence);
    post_change(*child, EventType::kContinued, 0);
  }
  return stop != 0;
}

}  // namespace reapwell
