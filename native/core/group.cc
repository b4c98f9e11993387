#include "group.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "event_channel.h"
#include "exit_info.h"
#include "sys.h"

namespace reapwell {
namespace {

void post_to(EventChannel& channel, EventType type, std::uint32_t id) {
  Event event{};
  event.type = type;
  event.id = id;
  channel.post(std::move(event));
}

}  // namespace

// Until close(), which waits for the lock, the leader is alive or pinned, and the number ours;
// unless somebody else has reaped it: a foreign leader's parent, another waitpid(-1), or the kernel
// where SIGCHLD is ignored.
int Group::find_leader() const {
  if (foreign_start_ticks_ == 0) {
    const Observation seen = observe({P_PID, static_cast<id_t>(pgid_)}, false);
    return seen.sight == Sight::kLost ? -ESRCH : 0;
  }
  ProcessEntry leader;
  const int found = find_process(pgid_, leader);
  return found == 0 && leader.start_ticks != foreign_start_ticks_ ? -ESRCH : found;
}

// While a member of those that were seen beside the leader is still in the group, the kernel gives
// its number to nobody else.
int Group::find_owner() const {
  const int leader = find_leader();
  if (leader != -ESRCH) return leader;
  const bool proved =
      std::any_of(known_members_.begin(), known_members_.end(), [&](const ProcessEntry& known) {
        ProcessEntry now;
        return read_process(known.pid, now) && now.start_ticks == known.start_ticks &&
               now.pgid == pgid_;
      });
  return proved ? 0 : -ESRCH;
}

void Group::note_members() {
  if (by_pidfd_ || foreign_start_ticks_ == 0) return;
  std::vector<ProcessEntry> processes, members, zombies;
  if (!list_processes(processes)) return;
  split_group(processes, pgid_, members, zombies);
  Lock lock(mutex_);
  // Asked after the listing: if the number is the group's own now, it was so in every line of it.
  if (find_owner() == 0) known_members_ = std::move(members);
}

int Group::signal(int signal) {
  if (signal != 0) note_members();
  Lock lock(mutex_);
  if (empty_) return -ESRCH;
  // We may have joined it (setpgid), and our own group is never signalled.
  if (signal != 0 && pgid_ == getpgrp()) return -EPERM;
  if (by_pidfd_) {
    if (forbidden_ && signal != 0) return -EPERM;
    return sys::pidfd_send_signal(leader_pidfd_->get(), signal, sys::kPidfdSignalProcessGroup);
  }
  // The last line of defence: killpg(0) and killpg(1) are our own group and everybody.
  if (pgid_ <= 1) return -EPERM;
  const int found = forbidden_ ? -ESRCH : find_owner();
  if (found < 0 && found != -ESRCH) return found;
  // Nothing keeps the number once they have gone, so it is only asked: nobody there is certain, and
  // whoever is there may be a stranger.
  const bool ours = found == 0;
  if (kill(-pgid_, ours ? signal : 0) < 0) return -errno;
  return ours || signal == 0 ? 0 : -EPERM;
}

bool Group::owns_number() {
  Lock lock(mutex_);
  if (empty_) return false;
  if (!by_pidfd_) return !forbidden_ && find_leader() == 0;
  return sys::pidfd_send_signal(leader_pidfd_->get(), 0, sys::kPidfdSignalProcessGroup) != -ESRCH;
}

void Group::subscribe(const std::shared_ptr<EventChannel>& channel, std::uint32_t id,
                      bool occupied) {
  EventType now = EventType::kEmpty;
  {
    Lock lock(mutex_);
    if (!empty_) {
      subscribers_.push_back({channel, id});
      if (!occupied && !occupied_) return;
      now = EventType::kOccupied;
    }
  }
  post_to(*channel, now, id);
}

void Group::tell_occupied() {
  std::vector<Subscriber> subscribers;
  {
    Lock lock(mutex_);
    occupied_ = true;
    subscribers = subscribers_;
  }
  for (const Subscriber& each : subscribers) post_to(*each.channel, EventType::kOccupied, each.id);
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
  for (const Subscriber& each : subscribers) post_to(*each.channel, EventType::kEmpty, each.id);
}

bool Group::empty() {
  Lock lock(mutex_);
  return empty_;
}

}  // namespace reapwell
