#include "group_watcher.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <algorithm>

#include "sys.h"

namespace reapwell {
namespace {

// A group of a thousand takes sixteen listings, not a thousand descriptors.
constexpr size_t kAwaitedAtOnce = 64;
constexpr std::uint64_t kDoorbell = 0;
constexpr std::int64_t kMillisecond = 1'000'000;
// A member that leaves the group without exiting rings nothing, so every watch is looked at again:
// soon at first, then less and less often.
constexpr std::int64_t kFirstBackstop = 10 * kMillisecond;
constexpr std::int64_t kLastBackstop = 5'000 * kMillisecond;
// Nothing can ring (no pidfds, no descriptors left): look more often.
constexpr std::int64_t kFirstBlindBackstop = 2 * kMillisecond;
constexpr std::int64_t kBlindBackstop = 100 * kMillisecond;
// Listings in a row without a live member, on a system that forks all the time, after which there
// is none. In a group the second is for where numbers wrap: else a listing can't miss all of those
// who follow each other (see list_processes). In a tree, who has left the session is found only by
// its environment, and may have ended when that is read.
constexpr int kCleanListings = 2;
constexpr int kCleanListingsOfTree = 8;
// A scope that goes on by forking rings all the time; it gets a fifth of the thread's time at most.
constexpr std::int64_t kListingSpacing = 4;

std::uint64_t key_of(std::uint32_t watch, std::uint32_t slot) {
  return (static_cast<std::uint64_t>(watch) << 32) | slot;
}

// Whether another process has the leader's pid: the kernel gives a number out again only when
// nobody is left in the group that bears it. Matters where nothing but the number identifies the
// group.
bool number_reused(const ChildRecord& leader, const std::vector<ProcessEntry>& processes) {
  if (leader.pinned() || leader.identity.start_ticks == 0) return false;
  return std::any_of(processes.begin(), processes.end(), [&](const ProcessEntry& entry) {
    return entry.pid == leader.group->pgid() && entry.start_ticks != leader.identity.start_ticks;
  });
}

}  // namespace

int GroupWatcher::start() {
  if (started_) return 0;
  if (!spares_.fill_or_none()) return -EMFILE;
  doorbell_ = above_stdio(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!doorbell_.valid()) return -errno;
  epoll_ = above_stdio(epoll_create1(EPOLL_CLOEXEC));
  if (!epoll_.valid()) return -errno;
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = kDoorbell;
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, doorbell_.get(), &event) < 0) return -errno;
  const int error = start_thread("reapwell-groups", run, this);
  started_ = error == 0;
  return error;
}

void GroupWatcher::watch(ChildPointer leader) {
  Lock lock(mutex_);
  arrivals_.push_back(std::move(leader));
  ring();
}

void GroupWatcher::sweep(ChildPointer child, int signal) {
  Lock lock(mutex_);
  sweeps_.emplace_back(std::move(child), signal);
  ring();
}

void GroupWatcher::look_again() {
  Lock lock(mutex_);
  looks_again_ = true;
  ring();
}

void GroupWatcher::ring() {
  const std::uint64_t one = 1;
  (void)!write(doorbell_.get(), &one, sizeof one);
}

void GroupWatcher::run(void* self) { static_cast<GroupWatcher*>(self)->loop(); }

void GroupWatcher::loop() {
  epoll_event events[128];
  for (;;) {
    const int count = epoll_wait(epoll_.get(), events, 128, timeout_ms());
    for (int i = 0; i < count; i++) {
      if (events[i].data.u64 == kDoorbell) {
        std::uint64_t rings;
        (void)!read(doorbell_.get(), &rings, sizeof rings);
      } else {
        on_member_exit(events[i].data.u64);
      }
    }
    take_arrivals();
    check_due();
  }
}

void GroupWatcher::take_arrivals() {
  std::vector<ChildPointer> arrivals;
  std::vector<std::pair<ChildPointer, int>> sweeps;
  bool looks_again;
  {
    Lock lock(mutex_);
    arrivals.swap(arrivals_);
    sweeps.swap(sweeps_);
    looks_again = looks_again_;
    looks_again_ = false;
  }
  for (ChildPointer& leader : arrivals) {
    Watch watch;
    watch.leader = std::move(leader);
    watches_.emplace(next_watch_++, std::move(watch));
  }
  for (const auto& [child, signal] : sweeps) {
    orphans_.note_tree(*child);
    Event event{};
    event.type = EventType::kSwept;
    event.id = child->id;
    event.value = signal_wide_scope(*child, signal);
    child->channel->post(std::move(event));
  }
  if (!looks_again && sweeps.empty()) return;
  for (auto& [number, watch] : watches_) watch.due_ns = 0;
}

int GroupWatcher::timeout_ms() const {
  if (watches_.empty()) return -1;
  std::int64_t due = INT64_MAX;
  for (const auto& [number, watch] : watches_) due = std::min(due, watch.due_ns);
  const std::int64_t left = due - sys::monotonic_ns();
  return left <= 0 ? 0 : static_cast<int>(left / kMillisecond + 1);
}

void GroupWatcher::on_member_exit(std::uint64_t key) {
  const auto found = watches_.find(static_cast<std::uint32_t>(key >> 32));
  if (found == watches_.end()) return;
  Watch& watch = found->second;
  const auto member = watch.members.find(static_cast<std::uint32_t>(key));
  if (member == watch.members.end()) return;
  epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, member->second.get(), nullptr);
  watch.members.erase(member);
  if (watch.members.empty()) watch.due_ns = 0;
}

void GroupWatcher::check_due() {
  const std::int64_t now = sys::monotonic_ns();
  Listing listing;
  for (auto at = watches_.begin(); at != watches_.end();) {
    Watch& watch = at->second;
    if (watch.due_ns > now) {
      ++at;
      continue;
    }
    const ChildRecord& leader = *watch.leader;
    // A zombie is not kept for an environment that is gone. A group that nothing is kept for may
    // have members that are another environment's.
    const bool unwanted = leader.pinned() && leader.channel->closed();
    // Somebody else reaped the leader of a session or a tree: its numbers can be anybody's.
    const bool lost = leader.scope.pins_leader() && !leader.keeps_zombie;
    const bool over = leader.released.load() || unwanted || lost || known_empty(leader);
    if (!over && watch.no_listing_before_ns > now) {
      watch.due_ns = watch.no_listing_before_ns;
      ++at;
      continue;
    }
    std::vector<ProcessEntry> members;
    if (over || judge(watch, listing, members) == Verdict::kEmpty) {
      stop_awaiting(watch);
      give_up(watch.leader);
      at = watches_.erase(at);
    } else {
      await_members(at->first, watch, members);
      ++at;
    }
  }
}

// At the limit of descriptors /proc could not be read, and no group would ever be seen to be empty:
// so the few that a listing takes at a time are held in reserve.
void GroupWatcher::make_listing(Listing& listing) {
  const std::int64_t start = sys::monotonic_ns();
  spares_.give_up();
  const std::uint64_t forks = forks_since_boot();
  listing.tried = true;
  listing.made = list_processes(listing.processes);
  listing.complete = forks != 0 && forks == forks_since_boot();
  spares_.fill();
  listing.cost_ns = sys::monotonic_ns() - start;
}

// One call that is certain, where there is one. It can't say "alive": zombies count for a group.
bool GroupWatcher::known_empty(const ChildRecord& leader) {
  if (leader.scope.kind == ScopeKind::kCgroup) return leader.scope.cgroup->empty();
  return !leader.pinned() && leader.group->signal(0) == -ESRCH;
}

GroupWatcher::Verdict GroupWatcher::judge(Watch& watch, Listing& listing,
                                          std::vector<ProcessEntry>& members) {
  const ChildRecord& leader = *watch.leader;
  // One listing serves every watch that is due.
  if (!listing.tried) make_listing(listing);
  // Asked again *after* the listing: if the group still exists now, it existed throughout, and so
  // the number was its own in every line that we read. If it does not, the lines may be a
  // stranger's.
  if (known_empty(leader)) return Verdict::kEmpty;
  if (!listing.made) return Verdict::kUnknown;
  std::vector<ProcessEntry> live, zombies;
  split_group(listing.processes, leader.group->pgid(), live, zombies);
  if (leader.scope.wide()) {
    if (!list_wide_scope(leader, listing.processes, members)) return Verdict::kUnknown;
  } else if (number_reused(leader, listing.processes)) {
    return Verdict::kEmpty;
  } else {
    members = std::move(live);
  }
  if (!members.empty()) {
    watch.clean_listings = 0;
    if (leader.scope.kind == ScopeKind::kTree) orphans_.note_members(leader, members);
    watch.no_listing_before_ns = sys::monotonic_ns() + listing.cost_ns * kListingSpacing;
    tell_occupied(watch);
    return Verdict::kAlive;
  }
  // It exists, and nobody alive was listed: a cgroup says itself that somebody lives in it, if only
  // since the listing; and if there is not even a zombie to account for the group, its members are
  // hidden from us (hidepid).
  const bool accounted = leader.pinned() || !zombies.empty();
  if (leader.scope.kind == ScopeKind::kCgroup || !accounted) return Verdict::kUnknown;
  watch.clean_listings++;
  const int enough = leader.scope.kind == ScopeKind::kTree ? kCleanListingsOfTree : kCleanListings;
  const bool proved = listing.complete || watch.clean_listings >= enough;
  return proved ? Verdict::kEmpty : Verdict::kUnknown;
}

void GroupWatcher::tell_occupied(Watch& watch) {
  if (!watch.told) watch.leader->group->tell_occupied();
  watch.told = true;
}

void GroupWatcher::stop_awaiting(Watch& watch) {
  for (const auto& [slot, pidfd] : watch.members) {
    epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, pidfd.get(), nullptr);
  }
  watch.members.clear();
}

void GroupWatcher::await_members(std::uint32_t number, Watch& watch,
                                 const std::vector<ProcessEntry>& members) {
  stop_awaiting(watch);
  for (const ProcessEntry& entry : members) {
    if (!watch.leader->pidfds.of_anybody() || watch.members.size() >= kAwaitedAtOnce) break;
    UniqueFd pidfd = above_stdio(sys::pidfd_open(entry.pid, 0));
    // If the number went to another process in between, that one's exit only makes us look again.
    if (!pidfd.valid()) continue;
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = key_of(number, next_slot_);
    if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, pidfd.get(), &event) < 0) continue;
    watch.members.emplace(next_slot_++, std::move(pidfd));
  }
  // Undecided: look again soon. Else the members ring, and the backstop is for those that don't.
  const bool blind = watch.members.empty();
  const std::int64_t first = blind ? kFirstBlindBackstop : kFirstBackstop;
  const std::int64_t limit = blind ? kBlindBackstop : kLastBackstop;
  watch.backstop_ns = watch.backstop_ns == 0 ? first : std::min(watch.backstop_ns * 2, limit);
  watch.due_ns = sys::monotonic_ns() + watch.backstop_ns;
}

void GroupWatcher::give_up(const ChildPointer& leader) {
  orphans_.note_group(*leader);
  // Empty first, reaped second: once the zombie is gone its number may be anybody's.
  leader->group->close();
  if (leader->scope.wide()) {
    Lock lock(leader->scope_mutex);
    leader->scope_settled = true;
  }
  if (leader->keeps_zombie) leader->take_zombie();
  registry_.forget_group(*leader->group);
  leader->group->tell_empty();
  if (!leader->scope.wide()) return;
  Event event{};
  event.type = EventType::kScopeEmpty;
  event.id = leader->id;
  if (leader->scope.cgroup != nullptr) {
    event.value = leader->scope.cgroup->oom_kills();
    leader->scope.cgroup->remove();
  }
  leader->channel->post(std::move(event));
}

}  // namespace reapwell
