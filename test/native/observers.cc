#include "observers.h"

#include <errno.h>

#include "core/scope.h"

namespace reapwell::stress {
namespace {

constexpr size_t kShown = 64;

void look_twice(ChildRecord& child) {
  const Observation first = child.look();
  const Observation second = child.look();
  if (first.sight == Sight::kLost || second.sight == Sight::kLost) broken("a look was lost");
  if (first.sight != Sight::kExited) return;
  if (second.sight != Sight::kExited || first.exit.code != second.exit.code ||
      first.exit.signal != second.exit.signal || first.exit.known != second.exit.known) {
    broken("pid %d: exited, then something else", child.pid);
  }
}

}  // namespace

void Observers::start(int threads, std::uint64_t seed) {
  stopped_.store(false);
  for (int i = 0; i < threads; i++) {
    threads_.emplace_back([this, seed, i] { observe(Random(seed, 1'000 + i)); });
  }
}

void Observers::stop() {
  stopped_.store(true);
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
  Lock lock(mutex_);
  shown_.clear();
}

void Observers::show(const std::shared_ptr<ChildRecord>& child) {
  std::shared_ptr<ChildRecord> forgotten;  // the last owner, perhaps: destroyed outside the lock
  Lock lock(mutex_);
  if (shown_.size() < kShown) {
    shown_.push_back(child);
    return;
  }
  next_ = (next_ + 1) % kShown;
  forgotten = std::move(shown_[next_]);
  shown_[next_] = child;
}

void Observers::observe(Random random) {
  while (!stopped_.load()) {
    std::shared_ptr<ChildRecord> child;
    {
      Lock lock(mutex_);
      if (!shown_.empty()) {
        child = shown_[static_cast<size_t>(random.below(static_cast<int>(shown_.size())))];
      }
    }
    if (child != nullptr) {
      look_twice(*child);
      const int asked = child->signal(0);
      if (asked != 0 && asked != -ESRCH) broken("pid %d: signal 0 gives %d", child->pid, asked);
      if (child->group != nullptr) child->group->signal(0);
      std::vector<ProcessEntry> members;
      if (child->scope.wide() && random.one_in(16)) list_wide_scope(*child, members);
    }
    sleep_us(random.below(500));
  }
}

}  // namespace reapwell::stress
