#include "event_channel.h"

#include <utility>

#include "child_record.h"

namespace reapwell {

bool EventChannel::post(Event&& event) {
  {
    Lock lock(mutex_);
    if (refusing_) return false;
    waiting_.push_back(std::move(event));
    if (awake_) return true;
    awake_ = true;
  }
  Lock lock(wake_mutex_);
  // Closed in between: close() has seen the event and taken care of it.
  if (!refusing_) wake();
  return true;
}

void EventChannel::drain(std::vector<Event>& out) {
  out.clear();
  Lock lock(mutex_);
  awake_ = false;
  out.swap(waiting_);
}

bool EventChannel::closed() {
  Lock lock(mutex_);
  return closed_;
}

void EventChannel::lose_untold() {
  std::vector<std::shared_ptr<ChildRecord>> untold;
  {
    Lock lock(mutex_);
    for (const Event& event : waiting_) {
      if (event.child != nullptr) untold.push_back(event.child);
    }
  }
  for (const auto& child : untold) child->lose_environment();
}

void EventChannel::close() {
  std::vector<Event> dropped;
  {
    Lock no_wakes(wake_mutex_);
    Lock lock(mutex_);
    refusing_ = true;
    dropped.swap(waiting_);
  }
  // Children that started and that nobody was told of.
  for (const Event& event : dropped) {
    if (event.child != nullptr) event.child->lose_environment();
  }
  Lock lock(mutex_);
  closed_ = true;
}

}  // namespace reapwell
