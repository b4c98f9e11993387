#include "child_record.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proc_table.h"
#include "sys.h"

namespace reapwell {
namespace {

Observation exited(const ExitInfo& exit) {
  Observation seen;
  seen.sight = Sight::kExited;
  seen.exit = exit;
  return seen;
}

}  // namespace

ChildRecord::ChildRecord(pid_t pid, std::shared_ptr<UniqueFd> pidfd, const PidfdAbilities& pidfds,
                         std::shared_ptr<Group> group, bool leads_group, Scope scope,
                         std::shared_ptr<EventChannel> channel, std::uint32_t id)
    : pid(pid),
      pidfd(std::move(pidfd)),
      pidfds(pidfds),
      group(std::move(group)),
      leads_group(leads_group),
      scope(std::move(scope)),
      channel(std::move(channel)),
      id(id) {}

WaitTarget ChildRecord::target() const {
  if (waits_by_pidfd()) return {sys::kIdPidfd, static_cast<id_t>(pidfd->get())};
  return {P_PID, static_cast<id_t>(pid)};
}

Observation ChildRecord::look_at_foreign() const {
  Observation seen;
  ProcessEntry now;
  if (rings()) {
    pollfd ready{pidfd->get(), POLLIN, 0};
    if (poll(&ready, 1, 0) > 0) seen.sight = Sight::kLost;
    if (seen.sight == Sight::kLost) return seen;
  }
  // At the limit of descriptors it may be alive or not, and its number may be a stranger's.
  const int found = find_process(pid, now);
  if (found < 0 && found != -ESRCH) {
    seen.sight = Sight::kUnknown;
    return seen;
  }
  if (found < 0 || now.start_ticks != identity.start_ticks || !now.alive()) {
    // By its pidfd it was still there: it ends at this moment, and rings in a moment.
    if (!rings()) seen.sight = Sight::kLost;
    return seen;
  }
  if (now.state == 'T') {
    // By which signal is told to nobody but its parent.
    seen.sight = Sight::kStopped;
    seen.stop_signal = SIGSTOP;
  }
  return seen;
}

bool ChildRecord::learn_lost_exit(bool patient, ExitInfo& out) const {
  int wait_status = 0;
  const int told = pidfd == nullptr ? -ENOTSUP : sys::pidfd_exit_status(pidfd->get(), &wait_status);
  if (told == 0) {
    out = decode_wait_status(wait_status);
    return true;
  }
  // The kernel tells only once the parent has reaped, which may be in a moment; ESRCH is that very
  // moment, between its look for the status and its look for the process.
  if (patient && (told == -ENODATA || told == -ESRCH)) return false;
  ProcessEntry now;
  const bool zombie = read_process(pid, now) && now.start_ticks == identity.start_ticks &&
                      now.state == 'Z' && !now.alive();
  // A zero also stands for "not for your eyes" (proc(5), exit_code), except to root.
  if (zombie && (now.wait_status != 0 || geteuid() == 0)) out = decode_wait_status(now.wait_status);
  return true;
}

Observation ChildRecord::look() {
  if (published()) return exited(exit_);
  Observation seen;
  if (foreign) {
    seen = look_at_foreign();
  } else if (waits_by_pidfd()) {
    seen = observe(target(), true);
  } else {
    Lock lock(reap_mutex_);
    if (!published()) seen = observe(target(), true);
  }
  // Interleaving: the reaper publishes and reaps between our first line and the system call. Its
  // publication is then visible. If it is not, somebody else took the status; the reaper is about
  // to find out what the kernel still knows, and until then nothing can be said but "not exited".
  if (published()) return exited(exit_);
  if (seen.sight == Sight::kLost) seen.sight = Sight::kRunning;
  return seen;
}

int ChildRecord::signal(int signal) {
  if (published()) return -ESRCH;
  if (signals_by_pidfd()) return sys::pidfd_send_signal(pidfd->get(), signal, 0);
  Lock lock(reap_mutex_);
  // Somebody else may have reaped it without the reaper having noticed yet: then the number can be
  // a stranger's.
  if (published()) return -ESRCH;
  const Sight sight = look_for_exit().sight;
  if (sight == Sight::kLost) return -ESRCH;
  if (sight == Sight::kUnknown) return -EMFILE;
  return kill(pid, signal) < 0 ? -errno : 0;
}

// The number is the child's while its exit is not published; unless somebody else has reaped it,
// which signal() finds out.
bool ChildRecord::has_left_group() const {
  if (published()) return false;
  const pid_t now = getpgid(pid);
  return now != group->pgid() && (now >= 0 || errno != ESRCH);
}

// A process that has left its group (setpgid) is signalled by itself: not through the group that it
// is in now, which can be our own. Before the group: it could still act on what it sees its members
// come to. Looked at again afterwards, since it may leave between the look and the call; who leaves
// and returns in that instant gets the escalation's next signal, and SIGKILL in any case.
int ChildRecord::signal_group(int signal) {
  if (group == nullptr) return this->signal(signal);
  const bool outside = has_left_group();
  int to_leader = outside ? this->signal(signal) : -ESRCH;
  const int to_group = group->signal(signal);
  if (!outside && (is_final(signal) || to_group < 0 || has_left_group())) {
    to_leader = this->signal(signal);
  }
  if (to_group == 0 || to_leader == 0) return 0;
  return to_group == -ESRCH ? to_leader : to_group;
}

void ChildRecord::kill_scope() {
  if (scope.wide()) signal_wide_scope(*this, SIGKILL);
  if (scope.kind == ScopeKind::kGroup) signal_group(SIGKILL);
  signal(SIGKILL);
}

void ChildRecord::lose_environment() {
  if (foreign || handed_over.exchange(true)) return;
  if (ends_with_environment) kill_scope();
}

void ChildRecord::abandon() {
  // What was only attached to is not ours to end.
  if (foreign) return;
  if (scope.wide()) signal_wide_scope(*this, SIGKILL);
  if (leads_group) {
    signal_group(SIGKILL);
  } else {
    signal(SIGKILL);
  }
}

Observation ChildRecord::look_for_exit() {
  return foreign ? look_at_foreign() : observe(target(), false);
}

void ChildRecord::publish(const ExitInfo& exit) {
  exit_ = exit;
  published_.store(true, std::memory_order_release);
}

void ChildRecord::unpin() {
  group->forbid_signals();
  unpinned_ = true;
}

void ChildRecord::take_zombie() {
  if (foreign) return;
  Lock lock(reap_mutex_);
  reap(target());
}

}  // namespace reapwell
