// One child of ours, from its exec to its reaping and for as long as anybody asks about it.
//
// Publish, then reap: the reaper writes the exit here before it takes the zombie away, so a poll()
// that the kernel answers with ECHILD finds the published exit. No lock, no gap.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <memory>

#include "event_channel.h"
#include "exit_info.h"
#include "group.h"
#include "pidfd_abilities.h"
#include "scope.h"
#include "thread.h"
#include "unique_fd.h"

namespace reapwell {

struct ChildIdentity {
  std::uint64_t start_ticks = 0;  // field 22 of /proc/<pid>/stat; 0 where /proc can't be read
  std::uint64_t inode = 0;        // of the pidfd in pidfs (Linux 6.9), else 0
};

class ChildRecord {
 public:
  ChildRecord(pid_t pid, std::shared_ptr<UniqueFd> pidfd, const PidfdAbilities& pidfds,
              std::shared_ptr<Group> group, bool leads_group, Scope scope,
              std::shared_ptr<EventChannel> channel, std::uint32_t id);
  ChildRecord(const ChildRecord&) = delete;
  ChildRecord& operator=(const ChildRecord&) = delete;

  const pid_t pid;
  const std::shared_ptr<UniqueFd> pidfd;  // null where none is to be had
  const PidfdAbilities pidfds;            // what can be done by that one, and by others
  const std::shared_ptr<Group> group;     // null when the child is in a group that is not ours
  const bool leads_group;
  const Scope scope;
  const std::shared_ptr<EventChannel> channel;
  const std::uint32_t id;
  // Written by the spawner before the record is shared, read by any thread.
  ChildIdentity identity;

  // The registry's number for it, set before the record is shared.
  std::uint64_t sequence = 0;

  // Not our child: attached to. Never waited for or reaped.
  bool foreign = false;  // set before the record is shared

  // What becomes of its scope when its environment ends: ended with it, or left.
  bool ends_with_environment = true;  // set before the record is shared

  // Any thread. Nobody's end but its own ends it any more: it was released, or its environment has
  // ended.
  std::atomic<bool> handed_over{false};

  // Any thread. The scope was handed over: the zombie is not kept for it any longer.
  std::atomic<bool> released{false};

  // Held while a wide scope is listed or signalled by its numbers: its leader is not reaped
  // meanwhile. Not for the reaper thread, which must not wait for listings.
  Mutex scope_mutex;
  bool scope_settled = false;  // guarded by scope_mutex: the numbers may be strangers' from here on

  // An unreaped zombie is kept for the scope. The reaper thread's until it hands the record to the
  // group watcher, then the watcher's.
  bool keeps_zombie = false;

  // Any thread. One system call, or none once the exit is published. Never kLost;
  // kUnknown only of a foreign process, of which nothing says that it has ended.
  Observation look();

  // Any thread. 0, -ESRCH after the exit (without a system call), -EPERM...
  int signal(int signal);

  // Its pidfd rings at its exit.
  bool rings() const { return pidfd != nullptr && pidfds.poll; }

  // Any thread. The group, and the leader wherever it has moved to: it stays a member of its group
  // for as long as it lives. Only the leader, where the group is not ours. 0, -ESRCH (nothing left
  // to signal), -EPERM...
  int signal_group(int signal);

  // The leader's zombie is kept until the scope is empty, so that its numbers stay its own.
  bool pinned() const {
    return leads_group && !foreign && !unpinned_.load() &&
           (group->pins_leader() || scope.pins_leader());
  }

  // Any thread. SIGKILL to its scope, and to the leader wherever that has moved to.
  void kill_scope();
  // Any thread. Ends what nobody can come to own: its start was called off.
  void abandon();
  // Any thread. Its environment ends, or has: the scope is ended with it or left, as was said.
  void lose_environment();

  bool published() const { return published_.load(std::memory_order_acquire); }
  const ExitInfo& exit() const { return exit_; }  // valid once published()

  // Any thread.
  Observation look_for_exit();
  // Reaper thread.
  void publish(const ExitInfo& exit);
  void take_zombie();
  // Before the exit is told: the zombie that was to be kept is not there. Its numbers can become a
  // stranger's, and are no longer signalled.
  void unpin();
  // What can be learned of an exit whose status is not ours to collect. False: not yet, if
  // `patient`.
  bool learn_lost_exit(bool patient, ExitInfo& out) const;

  // The spawner sets it once kSpawned has been posted; until then the reaper's scans pass by, so
  // that no exit is posted before its spawn.
  std::atomic<bool> announced{false};

  // Reaper thread only: the signal of the last stop that was reported, 0 while running.
  int reported_stop = 0;
  // Reaper thread only: looks that found no exit although something rang.
  int early_looks = 0;

 private:
  WaitTarget target() const;
  bool waits_by_pidfd() const { return pidfd != nullptr && pidfds.wait; }
  bool signals_by_pidfd() const { return pidfd != nullptr && pidfds.signal; }
  bool has_left_group() const;
  Observation look_at_foreign() const;

  std::atomic<bool> published_{false};
  std::atomic<bool> unpinned_{false};  // written by the reaper
  ExitInfo exit_;  // written by the reaper before published_ is set, constant afterwards
  // What is not done by pidfd is done by a number, which is only ours until it is reaped; this
  // excludes asking and reaping.
  Mutex reap_mutex_;
};

}  // namespace reapwell
