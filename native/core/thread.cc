#include "thread.h"

#include <errno.h>
#include <sys/prctl.h>

#include <new>

#include "sys.h"

// glibc 2.34 moved libpthread into libc and gave these a new symbol version. Asking for the version
// that they were born with lets one binary load on glibc 2.28 and on today's.
#if defined(__GLIBC__)
#if defined(__x86_64__)
#define REAPWELL_OLD_SYMBOL(name, x64) __asm__(".symver " #name "," #name "@GLIBC_" x64)
#elif defined(__aarch64__)
#define REAPWELL_OLD_SYMBOL(name, x64) __asm__(".symver " #name "," #name "@GLIBC_2.17")
#endif
REAPWELL_OLD_SYMBOL(pthread_create, "2.2.5");
REAPWELL_OLD_SYMBOL(pthread_condattr_setclock, "2.3.3");
REAPWELL_OLD_SYMBOL(pthread_attr_setstacksize, "2.2.5");
#endif

namespace reapwell {
namespace {

// A relayed SIGCHLD runs somebody else's handler on the reaper's stack, so this is no bare minimum.
constexpr size_t kStackBytes = 512 * 1024;

struct Start {
  char name[16];
  void (*body)(void*);
  void* argument;
};

void* trampoline(void* raw) {
  Start start = *static_cast<Start*>(raw);
  delete static_cast<Start*>(raw);
  prctl(PR_SET_NAME, start.name, 0, 0, 0);
  start.body(start.argument);
  return nullptr;
}

}  // namespace

Condition::Condition() {
  pthread_condattr_t attributes;
  pthread_condattr_init(&attributes);
  pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
  pthread_cond_init(&condition_, &attributes);
  pthread_condattr_destroy(&attributes);
}

bool Condition::wait_until(Mutex& mutex, std::int64_t deadline_ns) {
  timespec deadline{};
  deadline.tv_sec = static_cast<time_t>(deadline_ns / 1'000'000'000);
  deadline.tv_nsec = static_cast<long>(deadline_ns % 1'000'000'000);
  return pthread_cond_timedwait(&condition_, &mutex.mutex_, &deadline) != ETIMEDOUT;
}

int start_thread(const char* name, void (*body)(void*), void* argument) {
  auto* start = new (std::nothrow) Start{{}, body, argument};
  if (start == nullptr) return -ENOMEM;
  for (size_t i = 0; i + 1 < sizeof start->name && name[i] != '\0'; i++) start->name[i] = name[i];

  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_attr_setstacksize(&attributes, kStackBytes);
  // Blocked before the thread exists, so that none of the process's handlers ever runs on it.
  sys::SignalSet previous = 0;
  sys::set_signal_mask(SIG_BLOCK, sys::kEverySignalButLibcs, &previous);
  pthread_t thread;
  const int error = pthread_create(&thread, &attributes, trampoline, start);
  sys::set_signal_mask(SIG_SETMASK, previous);
  pthread_attr_destroy(&attributes);
  if (error != 0) delete start;
  return -error;
}

}  // namespace reapwell
