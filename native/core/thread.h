// The little of pthreads that core uses: a lock, a condition on the monotonic clock, and a detached
// thread that starts with signals blocked. Not std::thread: it throws, and libc's newer symbol
// versions would keep the addon from loading on glibc 2.28 (see thread.cc).
#pragma once

#include <pthread.h>

#include <cstdint>

namespace reapwell {

class Mutex {
 public:
  Mutex() = default;
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;
  void lock() { pthread_mutex_lock(&mutex_); }
  void unlock() { pthread_mutex_unlock(&mutex_); }

 private:
  friend class Condition;
  pthread_mutex_t mutex_ = PTHREAD_MUTEX_INITIALIZER;
};

class Lock {
 public:
  explicit Lock(Mutex& mutex) : mutex_(mutex) { mutex_.lock(); }
  ~Lock() { mutex_.unlock(); }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

 private:
  Mutex& mutex_;
};

class Condition {
 public:
  Condition();
  Condition(const Condition&) = delete;
  Condition& operator=(const Condition&) = delete;
  void wait(Mutex& mutex) { pthread_cond_wait(&condition_, &mutex.mutex_); }
  // Returns false when deadline_ns (CLOCK_MONOTONIC) has passed.
  bool wait_until(Mutex& mutex, std::int64_t deadline_ns);
  void notify_one() { pthread_cond_signal(&condition_); }
  void notify_all() { pthread_cond_broadcast(&condition_); }

 private:
  pthread_cond_t condition_;
};

// Starts a detached thread named `name` (15 characters at most) that runs body(argument) with every
// signal blocked but libc's own two. Returns 0 or a negative errno.
int start_thread(const char* name, void (*body)(void*), void* argument);

}  // namespace reapwell
