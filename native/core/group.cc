#include "group.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <utility>

#include "event_channel.h"
#include "exit_info.h"
#include "proc_table.h"
#include "sys.h"

namespace reapwell {
namespace {

void post_empty(EventChannel& channel, std::uint32_t id) {
  Event event{};
  event.type = EventType::kEmpty;
  event.id = id;
  channel.post(std::move(event));
}

}  // namespace

// Until close(), which waits for the lock, the leader is alive or pinned, and the number ours;
// unless somebody else's waitpid(-1), or a SIGCHLD that is ignored, has reaped it.
int Group::find_leader() const {
  if (foreign_start_ticks_ == 0) {
    const Observation seen = observe({P_PID, static_cast<id_t>(pgid_)}, false);
    return seen.sight == Sight::kLost ? -ESRCH : 0;
  }
  ProcessEntry leader;
  const int found = find_process(pgid_, leader);
  return found == 0 && leader.start_ticks != foreign_start_ticks_ ? -ESRCH : found;
}

int Group::signal(int signal) {
  Lock lock(mutex_);
  if (empty_) return -ESRCH;
  if (forbidden_ && signal != 0) return -EPERM;
  if (by_pidfd_) {
    return sys::pidfd_send_signal(leader_pidfd_->get(), signal, sys::kPidfdSignalProcessGroup);
  }
  // The last line of defence: killpg(0) and killpg(1) are our own group and everybody.
  if (pgid_ <= 1 || pgid_ == getpgrp()) return -EPERM;
  const int found = find_leader();
  if (found < 0) return found;
  return kill(-pgid_, signal) < 0 ? -errno : 0;
}

void Group::subscribe(std::shared_ptr<EventChannel> channel, std::uint32_t id) {
  {
    Lock lock(mutex_);
    if (!empty_) {
      subscribers_.push_back({std::move(channel), id});
      return;
    }
  }
  post_empty(*channel, id);
}

void Group::forbid_signals() {
  Lock lock(mutex_);
  forbidden_ = true;
}

void Group::close() {
  Lock lock(mutex_);
  empty_ = true;
}

void Group::tell_empty() {
  std::vector<Subscriber> subscribers;
  {
    Lock lock(mutex_);
    subscribers.swap(subscribers_);
  }
  for (const Subscriber& subscriber : subscribers) post_empty(*subscriber.channel, subscriber.id);
}

bool Group::empty() {
  Lock lock(mutex_);
  return empty_;
}

}  // namespace reapwell
