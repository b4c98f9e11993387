#include "reaper.h"

#include <errno.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>

#include <algorithm>

#include "sys.h"

namespace reapwell {
namespace {

constexpr int kBatch = 256;
// Keys of the epoll set; a child's is its sequence number above these.
constexpr std::uint64_t kDoorbellKey = 0;
constexpr std::uint64_t kSignalsKey = 1;
constexpr std::uint64_t kFirstChildKey = 2;

constexpr std::int64_t kMillisecond = 1'000'000;
constexpr std::int64_t kFirstRetry = kMillisecond;
constexpr std::int64_t kLastRetry = 1'000 * kMillisecond;
// Looks at a child whose status somebody took, until the kernel has stored what it was.
constexpr int kLooksAfterLoss = 8;
// Children without a pidfd, in case the signal that tells of them went to a thread that did not
// block it, or was never sent (SIGCHLD ignored).
constexpr std::int64_t kScanBackstop = 500 * kMillisecond;
constexpr std::int64_t kScanUnclaimed = 5 * kMillisecond;
constexpr std::int64_t kStopPolling = 50 * kMillisecond;
constexpr std::int64_t kFirstVerify = 10 * kMillisecond;
constexpr std::int64_t kLastVerify = 10'000 * kMillisecond;
constexpr std::int64_t kRefusedVerify = 1'000 * kMillisecond;
// How long a thread that does not run is waited for: nobody is watched yet at first.
constexpr std::int64_t kClaimPatience = 2'000 * kMillisecond;
constexpr std::int64_t kVerifyPatience = 20 * kMillisecond;

int add_to_epoll(int epoll, int fd, std::uint64_t key) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = key;
  return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

}  // namespace

int Reaper::start(bool claim) {
  epoll_ = above_stdio(epoll_create1(EPOLL_CLOEXEC));
  if (!epoll_.valid()) return -errno;
  doorbell_ = above_stdio(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!doorbell_.valid()) return -errno;
  int error = add_to_epoll(epoll_.get(), doorbell_.get(), kDoorbellKey);
  if (error < 0) return error;
  wants_claim_ = claim;
  error = start_thread("reapwell-reaper", run, this);
  running_ = error == 0;
  return error;
}

void Reaper::await_claim() {
  Lock lock(mutex_);
  while (!claim_made_) started_.wait(mutex_);
}

void Reaper::run(void* self) { static_cast<Reaper*>(self)->loop(); }

void Reaper::loop() {
  if (wants_claim_) {
    claim(kClaimPatience);
    verify_delay_ns_ = kFirstVerify;
    next_verify_ns_ = sys::monotonic_ns() + verify_delay_ns_;
  }
  {
    Lock lock(mutex_);
    claim_made_ = true;
    started_.notify_all();
  }
  epoll_event events[kBatch];
  for (;;) {
    const int count = epoll_wait(epoll_.get(), events, kBatch, timeout_ms(sys::monotonic_ns()));
    bool signalled = false;
    for (int i = 0; i < count; i++) {
      const std::uint64_t key = events[i].data.u64;
      if (key >= kFirstChildKey) {
        look(key - kFirstChildKey);
      } else if (key == kSignalsKey) {
        signalled = true;
      } else {
        std::uint64_t rings;
        (void)!read(doorbell_.get(), &rings, sizeof rings);
      }
    }
    take_arrivals();
    if (signalled) {
      // A handler that waits for any child must find ours already published and reaped.
      if (without_pidfd_.load() > 0) scan_exits();
      read_signals();
    }
    // Also after a relay: a SIGCHLD that came in that instant went to the handler, not to us.
    if (without_pidfd_.load() > 0) scan_exits();
    const std::int64_t now = sys::monotonic_ns();
    run_retries(now);
    stops_.look_at_all(foreign_.load() > 0);
    if (polls_for_stops()) stops_.owe_scan();
    stops_.run(now);
    orphans_.run(now);
    verify_claim(now);
  }
}

// False: no descriptor is to be had.
bool Reaper::open_signals() {
  if (signals_.valid()) return true;
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGCHLD);
  signals_ = above_stdio(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals_.valid()) return false;
  if (add_to_epoll(epoll_.get(), signals_.get(), kSignalsKey) < 0) signals_.reset();
  return signals_.valid();
}

void Reaper::claim(std::int64_t patience_ns) {
  // The signalfd first: once a thread blocks SIGCHLD, somebody must be there to take it and hand it
  // on, or the program's own children would seem to live for ever.
  const ClaimResult result =
      open_signals() ? claim_sigchld(patience_ns, claimed()) : ClaimResult::kNoDescriptor;
  claim_result_ = result;
  claimed_ = result == ClaimResult::kClaimed;
  // For the same reason it stays when only some threads could be made to block it, and when a later
  // look at them fails.
  swept_ = swept_ || claimed() || result == ClaimResult::kThreadRefused;
  if (signals_.valid() && (result == ClaimResult::kTakenByOther || !swept_)) {
    epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, signals_.get(), nullptr);
    signals_.reset();
  }
}

// A thread that blocked everything while we looked (inside a fork or a thread creation) and went
// back to its own mask afterwards was passed over; a library may unblock SIGCHLD later. So the
// claim is made again, soon at first, then rarely. It is a listing of threads when nothing has
// changed, and never more than a short wait for one that does not run: children are waiting too.
void Reaper::verify_claim(std::int64_t now_ns) {
  if (now_ns < next_verify_ns_) return;
  claim(kVerifyPatience);
  const bool refused = claim_result() == ClaimResult::kThreadRefused;
  verify_delay_ns_ = std::min(verify_delay_ns_ * 10, refused ? kRefusedVerify : kLastVerify);
  next_verify_ns_ = now_ns + verify_delay_ns_;
}

int Reaper::timeout_ms(std::int64_t now_ns) const {
  std::int64_t due = std::min({stops_.due_ns(), orphans_.due_ns(), next_verify_ns_});
  if (!retries_.empty()) due = std::min(due, retries_.begin()->first);
  if (without_pidfd_.load() > 0) {
    due = std::min(due, now_ns + (claimed() ? kScanBackstop : kScanUnclaimed));
  }
  if (polls_for_stops()) due = std::min(due, now_ns + kStopPolling);
  if (due == INT64_MAX) return -1;
  return due <= now_ns ? 0 : static_cast<int>((due - now_ns) / kMillisecond + 1);
}

bool Reaper::polls_for_stops() const {
  return stop_listeners_.load() > 0 && (!claimed() || foreign_.load() > 0);
}

void Reaper::ring() {
  if (!running_.load()) return;
  const std::uint64_t one = 1;
  (void)!write(doorbell_.get(), &one, sizeof one);
}

void Reaper::adjust_stop_listeners(int by) {
  stop_listeners_ += by;
  ring();
}

void Reaper::watch(std::uint64_t sequence, const ChildPointer& child) {
  if (child->foreign) foreign_++;
  if (!child->rings()) {
    if (!child->foreign) without_pidfd_++;
  } else if (add_to_epoll(epoll_.get(), child->pidfd->get(), sequence + kFirstChildKey) == 0) {
    return;
  }
  // Nothing will ring for it (ENOSPC of epoll, or no pidfd): have it looked at now, and again.
  Lock lock(mutex_);
  arrivals_.push_back(sequence);
  ring();
}

void Reaper::take_arrivals() {
  std::vector<std::uint64_t> arrivals;
  {
    Lock lock(mutex_);
    arrivals.swap(arrivals_);
  }
  for (const std::uint64_t sequence : arrivals) look(sequence);
}

void Reaper::read_signals() {
  // No more can be pending: one for the process, one for this thread. What comes later rings again.
  signalfd_siginfo records[2];
  const ssize_t bytes = read(signals_.get(), records, sizeof records);
  for (int i = 0; bytes >= static_cast<ssize_t>((i + 1) * sizeof *records); i++) {
    stops_.on_sigchld(static_cast<pid_t>(records[i].ssi_pid), records[i].ssi_code);
    relay_sigchld(records[i]);
  }
  stops_.owe_scan();
  orphans_.on_sigchld();
}

void Reaper::scan_exits() {
  for (const auto& [sequence, child] : registry_.snapshot()) {
    if (child->rings() || child->foreign) continue;
    if (!child->announced.load(std::memory_order_acquire)) continue;
    const Observation seen = child->look_for_exit();
    if (seen.sight != Sight::kRunning) look(sequence);
  }
}

void Reaper::run_retries(std::int64_t now_ns) {
  while (!retries_.empty() && retries_.begin()->first <= now_ns) {
    const std::uint64_t sequence = retries_.begin()->second;
    retries_.erase(retries_.begin());
    look(sequence);
  }
}

void Reaper::look(std::uint64_t sequence) {
  const ChildPointer child = registry_.find(sequence);
  if (child == nullptr) return;
  const Observation seen = child->look_for_exit();
  if (seen.sight == Sight::kExited) return finish(sequence, child, seen.exit, true);
  ExitInfo exit;
  // Lost: not our child; or somebody else's waitpid(-1) took the status, or SIGCHLD is ignored and
  // the kernel reaped. It may still tell (Linux 6.15); if not, the exit is "unknown".
  if (seen.sight == Sight::kLost &&
      child->learn_lost_exit(child->early_looks < kLooksAfterLoss, exit)) {
    finish(sequence, child, exit, false);
  } else {
    look_again_later(sequence, *child);
  }
}

void Reaper::finish(std::uint64_t sequence, const ChildPointer& child, const ExitInfo& exit,
                    bool ours) {
  const std::int64_t seen_ns = sys::monotonic_ns();
  child->publish(exit);
  // Also if it was released: the watcher takes it then, once nobody signals the scope by numbers.
  child->keeps_zombie = ours && child->pinned();
  // A leader that should be kept but that somebody else reaped no longer keeps its numbers: to
  // signal them would be a guess. A group can still be watched; the watcher gives a wider scope up.
  if (child->pinned() && !ours) child->unpin();
  if (ours && !child->keeps_zombie) child->take_zombie();
  registry_.remove(sequence);
  stops_.forget(sequence);

  // Most children leave nobody behind, which the kernel knows now that the zombie is gone.
  const bool alone = child->leads_group && !child->scope.wide() && !child->pinned() &&
                     child->group->signal(0) == -ESRCH;
  Event event{};
  event.type = EventType::kExited;
  event.id = child->id;
  event.value = alone ? 1 : 0;
  event.exit = exit;
  event.seen_ns = seen_ns;
  child->channel->post(std::move(event));
  // From here on nobody waits.
  if (child->rings()) {
    // Never left to close(): a child that is being vforked right now may hold a copy, which would
    // keep the entry alive and ringing.
    epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, child->pidfd->get(), nullptr);
  } else if (!child->foreign) {
    without_pidfd_--;
  }
  if (child->foreign) foreign_--;
  if (alone) return groups_.give_up(child);
  if (child->group == nullptr) return;
  // Not before the exit was told: the watcher may find the group empty while its last member, one
  // that joined it, is still a zombie here, and "empty" must not overtake "exited".
  const pid_t leader = child->leads_group ? 0 : child->group->pgid();
  child->group->subscribe(child->channel, child->id, registry_.find_sequence_of_pid(leader) != 0);
  if (child->leads_group) groups_.watch(child);
}

// A pidfd that rings while waitid says "not yet": a tracer that is not us has not let go of the
// zombie. The pidfd keeps ringing, so it is taken out and time is waited instead of spun. A foreign
// process without a pidfd is looked at like this from the start.
void Reaper::look_again_later(std::uint64_t sequence, ChildRecord& child) {
  if (child.rings()) {
    epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, child.pidfd->get(), nullptr);
  } else if (!child.foreign) {
    return;  // scans find its exit
  }
  const std::int64_t delay = std::min(kFirstRetry << std::min(child.early_looks, 10), kLastRetry);
  child.early_looks++;
  retries_.emplace(sys::monotonic_ns() + delay, sequence);
}

}  // namespace reapwell
