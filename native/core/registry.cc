#include "registry.h"

#include <algorithm>
#include <utility>

namespace reapwell {

std::uint64_t Registry::add(const ChildPointer& child) {
  Lock lock(mutex_);
  const std::uint64_t sequence = next_++;
  child->sequence = sequence;
  children_.emplace(sequence, child);
  sequence_of_pid_[child->pid] = sequence;
  if (child->leads_group) groups_[child->pid] = child->group;
  everybody_.push_back(child);
  if (everybody_.size() > most_before_pruning_) {
    const auto is_gone = [](const std::weak_ptr<ChildRecord>& each) { return each.expired(); };
    everybody_.erase(std::remove_if(everybody_.begin(), everybody_.end(), is_gone),
                     everybody_.end());
    // So that it costs each child the same, however many live.
    most_before_pruning_ = std::max<size_t>(64, 2 * everybody_.size());
  }
  return sequence;
}

void Registry::remove(std::uint64_t sequence) {
  ChildPointer removed;  // destroyed outside the lock: it may close a descriptor
  Lock lock(mutex_);
  const auto found = children_.find(sequence);
  if (found == children_.end()) return;
  removed = std::move(found->second);
  children_.erase(found);
  // The number may already be that of a newer child, or the key to a newer group.
  const auto by_pid = sequence_of_pid_.find(removed->pid);
  if (by_pid != sequence_of_pid_.end() && by_pid->second == sequence)
    sequence_of_pid_.erase(by_pid);
}

ChildPointer Registry::find(std::uint64_t sequence) {
  Lock lock(mutex_);
  const auto found = children_.find(sequence);
  return found == children_.end() ? nullptr : found->second;
}

std::uint64_t Registry::find_sequence_of_pid(pid_t pid) {
  Lock lock(mutex_);
  const auto found = sequence_of_pid_.find(pid);
  return found == sequence_of_pid_.end() ? 0 : found->second;
}

std::vector<std::pair<std::uint64_t, ChildPointer>> Registry::snapshot() {
  Lock lock(mutex_);
  return {children_.begin(), children_.end()};
}

std::vector<ChildPointer> Registry::everybody() {
  Lock lock(mutex_);
  std::vector<ChildPointer> all;
  for (const auto& each : everybody_) {
    if (ChildPointer child = each.lock()) all.push_back(std::move(child));
  }
  return all;
}

size_t Registry::size() {
  Lock lock(mutex_);
  return children_.size();
}

std::uint64_t Registry::begin_launch() {
  Lock lock(mutex_);
  launching_.insert(++last_ticket_);
  return last_ticket_;
}

void Registry::end_launch(std::uint64_t ticket) {
  Lock lock(mutex_);
  launching_.erase(ticket);
}

std::uint64_t Registry::last_launch() {
  Lock lock(mutex_);
  return last_ticket_;
}

bool Registry::launches_ended(std::uint64_t ticket) {
  Lock lock(mutex_);
  return launching_.empty() || *launching_.begin() > ticket;
}

std::shared_ptr<Group> Registry::find_group(pid_t pgid) {
  Lock lock(mutex_);
  const auto found = groups_.find(pgid);
  return found == groups_.end() ? nullptr : found->second.lock();
}

void Registry::forget_group(const Group& group) {
  Lock lock(mutex_);
  const auto found = groups_.find(group.pgid());
  // The number may already lead a newer group.
  if (found != groups_.end() && found->second.lock().get() == &group) groups_.erase(found);
}

}  // namespace reapwell
