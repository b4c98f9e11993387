// Finds out when a scope whose leader has exited becomes empty.
//
// One call asks whether the group (or the cgroup) still exists. Only if it does, its live members
// are listed from /proc and awaited through their own pidfds; when those have rung, it is asked and
// listed again. Zombies that some init has not reaped yet don't count; a listing that does not even
// show what must be there shows nothing. A thread of its own, so that reading /proc never delays an
// exit: the reaper thread waits for nothing but its epoll.
#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

#include "child_record.h"
#include "descriptor_reserve.h"
#include "orphan_reaper.h"
#include "proc_table.h"
#include "registry.h"
#include "thread.h"
#include "unique_fd.h"

namespace reapwell {

class GroupWatcher {
 public:
  GroupWatcher(Registry& registry, OrphanReaper& orphans)
      : registry_(registry), orphans_(orphans) {}
  GroupWatcher(const GroupWatcher&) = delete;
  GroupWatcher& operator=(const GroupWatcher&) = delete;

  // Starts the thread, before the first child: at the limit of descriptors or threads it could not
  // be had any more. Returns 0 or a negative errno; may be called again after a failure. Callers
  // take turns (see Runtime).
  int start();

  // Any thread. `leader` leads a group and has exited; its zombie is taken here if it is pinned.
  void watch(ChildPointer leader);

  // Any thread. The scope is empty, or can't be told from a stranger's any more: tells everybody
  // who waits, takes the zombie if one was kept, removes the cgroup. Waits for whoever signals a
  // wide scope: not for the reaper thread then.
  void give_up(const ChildPointer& leader);

  // Any thread. Signals a wide scope on the watcher's thread, since that may take many listings of
  // /proc; kSwept says how it went.
  void sweep(ChildPointer child, int signal);

  // Any thread: something that a watch depends on has changed (ChildRecord::released).
  void look_again();

 private:
  struct Watch {
    ChildPointer leader;
    std::unordered_map<std::uint32_t, UniqueFd> members;  // awaited, by slot
    std::int64_t due_ns = 0;
    std::int64_t backstop_ns = 0;
    std::int64_t no_listing_before_ns = 0;
    int clean_listings = 0;  // in a row, that showed no live member
    bool told = false;       // kOccupied has been posted
  };
  enum class Verdict { kEmpty, kAlive, kUnknown };
  // One listing of /proc, and whether anybody can have been missed by forking during it.
  struct Listing {
    std::vector<ProcessEntry> processes;
    bool tried = false;
    bool made = false;
    bool complete = false;
    std::int64_t cost_ns = 0;
  };

  static void run(void* self);
  void ring();
  void loop();
  void take_arrivals();
  int timeout_ms() const;
  void on_member_exit(std::uint64_t key);
  void check_due();
  void make_listing(Listing& listing);
  static bool known_empty(const ChildRecord& leader);
  Verdict judge(Watch& watch, Listing& listing, std::vector<ProcessEntry>& members);
  static void tell_occupied(Watch& watch);
  void await_members(std::uint32_t number, Watch& watch, const std::vector<ProcessEntry>& members);
  void stop_awaiting(Watch& watch);

  Registry& registry_;
  OrphanReaper& orphans_;
  Mutex mutex_;
  std::vector<ChildPointer> arrivals_;                // guarded by mutex_
  std::vector<std::pair<ChildPointer, int>> sweeps_;  // guarded by mutex_
  bool looks_again_ = false;                          // guarded by mutex_
  bool started_ = false;                              // start()'s alone
  UniqueFd doorbell_;                                 // eventfd; set before the thread starts
  UniqueFd epoll_;                                    // set before the thread starts

  // The watcher thread's alone.
  DescriptorReserve spares_;  // given up for the time of a listing
  std::unordered_map<std::uint32_t, Watch> watches_;
  std::uint32_t next_watch_ = 1;
  std::uint32_t next_slot_ = 1;
};

}  // namespace reapwell
