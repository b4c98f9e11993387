// A process group that this library created, held by an identity that the kernel can't recycle.
//
// Where the kernel can signal a group through its leader's pidfd (Linux 6.9), the leader is reaped
// at once and the pidfd stays the group's identity. Elsewhere the group is addressed by number, and
// the leader stays an unreaped zombie ("pinned") until the group is empty, which keeps the number
// ours.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "proc_table.h"
#include "thread.h"
#include "unique_fd.h"

namespace reapwell {

class EventChannel;

class Group {
 public:
  // `foreign_start_ticks`: 0 for a leader that is our child, else when it started.
  Group(pid_t pgid, std::shared_ptr<UniqueFd> leader_pidfd, bool by_pidfd,
        std::uint64_t foreign_start_ticks = 0)
      : pgid_(pgid),
        leader_pidfd_(std::move(leader_pidfd)),
        by_pidfd_(by_pidfd),
        foreign_start_ticks_(foreign_start_ticks) {}
  Group(const Group&) = delete;
  Group& operator=(const Group&) = delete;

  pid_t pgid() const { return pgid_; }
  bool pins_leader() const { return !by_pidfd_; }

  // Any thread. One system call for those who are in the group now, which need not include its
  // leader (ChildRecord::signal_group does); signal 0 only asks. 0, -ESRCH (nothing left to
  // signal), -EPERM (also if somebody is there, but the number may be a stranger's, and if we are
  // in it ourselves)... Unreaped zombies count for the kernel: 0 is no proof of life.
  int signal(int signal);

  // Any thread but the reaper's, while the group is known to be its own: of one that we only
  // attached to, and have only by number, who is in it. They keep the number when the leader has
  // been reaped. A listing of /proc.
  void note_members();

  // Any thread. False: the number may be a stranger's group by now.
  bool owns_number();

  // The reaper thread, when it has told of the exit of a child that belongs to the group: posts
  // kEmpty for it once the group is empty; at once if it is already. `occupied`: the leader lives.
  void subscribe(const std::shared_ptr<EventChannel>& channel, std::uint32_t id, bool occupied);

  // Live members have been seen after the leader's exit: posts kOccupied to those who have
  // subscribed, and to those who will.
  void tell_occupied();

  // The number is no longer known to be ours: from here on the group can be asked, but not
  // signalled, and nobody joins it.
  void forbid_signals();

  // The thread that found the group empty: no signal is ever sent to the number after this returns,
  // so that a pinned leader may be reaped...
  void close();
  // ...and after that, those who wait are told.
  void tell_empty();
  bool empty();

 private:
  int find_leader() const;  // 0, -ESRCH, or why that can't be found out
  int find_owner() const;   // the same of whoever keeps the number; with mutex_ held

  struct Subscriber {
    std::shared_ptr<EventChannel> channel;
    std::uint32_t id;
  };

  const pid_t pgid_;
  const std::shared_ptr<UniqueFd> leader_pidfd_;
  const bool by_pidfd_;
  const std::uint64_t foreign_start_ticks_;
  Mutex mutex_;
  bool forbidden_ = false;                   // guarded by mutex_
  bool empty_ = false;                       // guarded by mutex_
  bool occupied_ = false;                    // guarded by mutex_
  std::vector<Subscriber> subscribers_;      // guarded by mutex_
  std::vector<ProcessEntry> known_members_;  // guarded by mutex_; see note_members()
};

}  // namespace reapwell
