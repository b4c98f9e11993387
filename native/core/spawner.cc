#include "spawner.h"

#include <errno.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "sys.h"

namespace reapwell {
namespace {

constexpr int kMostWorkers = 256;
constexpr std::int64_t kStuckNs = 20'000'000;

int usual_workers() {
  static const int count = static_cast<int>(std::clamp(sysconf(_SC_NPROCESSORS_ONLN), 2L, 4L));
  return count;
}

}  // namespace

int Spawner::submit(std::shared_ptr<SpawnJob> job) {
  bool short_of_workers;
  {
    Lock lock(mutex_);
    if (!has_lookout_) has_lookout_ = start_thread("reapwell-lookout", run_lookout, this) == 0;
    if (!idle_for(queue_.size() + 1) && workers_ < usual_workers()) {
      const int error = add_worker();
      if (error < 0 && workers_ == 0) return error;
    }
    queue_.push_back(std::move(job));
    // One that looks out already finds the job when its time is over.
    short_of_workers = !looking_out_ && !idle_for(queue_.size());
    looking_out_ = looking_out_ || short_of_workers;
  }
  // After the lock was let go of: whoever wakes would only wait for it.
  work_waiting_.notify_one();
  if (short_of_workers) lookout_wanted_.notify_one();
  return 0;
}

// A worker counts as idle until it has run after its wake-up. So one that is idle is not enough for
// two jobs that come in quick succession: if the first then hangs, nobody would look after the
// second.
bool Spawner::idle_for(size_t jobs) const { return jobs <= static_cast<size_t>(idle_); }

int Spawner::add_worker() {
  const int error = start_thread("reapwell-spawn", run_worker, this);
  if (error == 0) workers_++;
  return error;
}

void Spawner::run_worker(void* self) { static_cast<Spawner*>(self)->work(); }
void Spawner::run_lookout(void* self) { static_cast<Spawner*>(self)->look_out(); }

void Spawner::work() {
  ChildStack stack;
  mutex_.lock();
  for (;;) {
    while (queue_.empty()) {
      idle_++;
      work_waiting_.wait(mutex_);
      idle_--;
    }
    std::shared_ptr<SpawnJob> job = std::move(queue_.front());
    queue_.pop_front();
    started_++;
    mutex_.unlock();
    perform_(context_, *job, stack);
    job->control.finish();
    job.reset();
    mutex_.lock();
  }
}

void Spawner::look_out() {
  mutex_.lock();
  for (;;) {
    while (idle_for(queue_.size())) {
      looking_out_ = false;
      lookout_wanted_.wait(mutex_);
    }
    looking_out_ = true;
    const std::uint64_t before = started_;
    const std::int64_t deadline = sys::monotonic_ns() + kStuckNs;
    while (lookout_wanted_.wait_until(mutex_, deadline)) {
    }
    if (!queue_.empty() && started_ == before && workers_ < kMostWorkers) add_worker();
  }
}

}  // namespace reapwell
