#include "consumer.h"

#include <utility>

#include "core/sys.h"
#include "kinds.h"

namespace reapwell::stress {
namespace {

constexpr std::int64_t kTickNs = 2'000'000;
// Longer than any escalation of the core's own backstops, on a busy machine.
constexpr std::int64_t kStuckNs = 30'000'000'000;

}  // namespace

void Channel::wait_until(std::int64_t deadline_ns) {
  Lock lock(mutex_);
  while (!rung_ && woken_.wait_until(mutex_, deadline_ns)) {
  }
  rung_ = false;
}

void Channel::wake() {
  Lock lock(mutex_);
  rung_ = true;
  woken_.notify_one();
}

Consumer::Consumer(const Setting& setting, Hosts& hosts, Observers& observers, std::uint64_t seed,
                   std::uint64_t stream)
    : setting_(setting), hosts_(hosts), observers_(observers), random_(seed, stream) {}

void Consumer::start_one() {
  const std::uint32_t id = next_id_++;
  std::unique_ptr<Case> made = make_case(random_, setting_, hosts_, id);
  if (made->start(channel_)) cases_.emplace(id, std::move(made));
}

// What has come, and a tick for those that act by time.
void Consumer::heed() {
  channel_->wait_until(sys::monotonic_ns() + kTickNs);
  channel_->drain(events_);
  for (Event& event : events_) {
    const auto found = cases_.find(event.id);
    if (found == cases_.end()) {
      broken("event %d of case %u, which is over", static_cast<int>(event.type), event.id);
      continue;
    }
    found->second->handle(event);
    if (event.type == EventType::kSpawned) observers_.show(found->second->child());
  }
  events_.clear();
  for (auto at = cases_.begin(); at != cases_.end();) {
    at->second->tick();
    at = at->second->over() ? cases_.erase(at) : std::next(at);
  }
}

int Consumer::run_until(std::int64_t deadline_ns, int at_once) {
  size_t left = 0;
  std::int64_t stuck_ns = 0;
  for (;;) {
    const std::int64_t now = sys::monotonic_ns();
    const bool starts = now < deadline_ns;
    while (starts && cases_.size() < static_cast<size_t>(at_once)) start_one();
    if (cases_.empty() && !starts) break;
    if (starts || cases_.size() != left) stuck_ns = now + kStuckNs;
    left = cases_.size();
    if (now > stuck_ns) {
      report_stuck();
      break;
    }
    heed();
  }
  channel_->close();
  for (const auto& [id, each] : cases_) each->after_teardown();
  return static_cast<int>(next_id_ - 1);
}

int Consumer::run_and_die(int cases) {
  while (next_id_ <= static_cast<std::uint32_t>(cases)) start_one();
  const std::int64_t end = sys::monotonic_ns() + random_.below(20) * std::int64_t{1'000'000};
  while (sys::monotonic_ns() < end) heed();
  // Some of the events that wait now will never be heeded.
  if (random_.one_in(2)) sleep_us(random_.below(20'000));
  for (const auto& [id, each] : cases_) each->end_what_is_known();
  channel_->close();
  for (const auto& [id, each] : cases_) each->after_teardown();
  if (channel_->post(Event{})) broken("a closed channel took an event");
  return static_cast<int>(next_id_ - 1);
}

void Consumer::report_stuck() {
  for (const auto& [id, each] : cases_) broken("stuck: %s", each->describe().c_str());
}

}  // namespace reapwell::stress
