#include "child_record.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

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

ChildRecord::ChildRecord(pid_t pid, std::shared_ptr<UniqueFd> pidfd, std::shared_ptr<Group> group,
                         bool leads_group, std::shared_ptr<EventChannel> channel, std::uint32_t id)
    : pid(pid),
      pidfd(std::move(pidfd)),
      group(std::move(group)),
      leads_group(leads_group),
      channel(std::move(channel)),
      id(id) {}

WaitTarget ChildRecord::target() const {
  if (pidfd != nullptr) return {sys::kIdPidfd, static_cast<id_t>(pidfd->get())};
  return {P_PID, static_cast<id_t>(pid)};
}

Observation ChildRecord::look() {
  if (published()) return exited(exit_);
  Observation seen;
  if (pidfd != nullptr) {
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
  if (pidfd != nullptr) return sys::pidfd_send_signal(pidfd->get(), signal, 0);
  Lock lock(reap_mutex_);
  if (published()) return -ESRCH;
  return kill(pid, signal) < 0 ? -errno : 0;
}

void ChildRecord::abandon() {
  if (group != nullptr && leads_group) group->signal(SIGKILL);
  signal(SIGKILL);
}

Observation ChildRecord::look_for_exit() { return observe(target(), false); }

void ChildRecord::publish(const ExitInfo& exit) {
  exit_ = exit;
  published_.store(true, std::memory_order_release);
}

void ChildRecord::take_zombie() {
  if (pidfd != nullptr) {
    reap(target());
    return;
  }
  Lock lock(reap_mutex_);
  reap(target());
}

}  // namespace reapwell
