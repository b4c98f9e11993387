// clone(2) for a child that shares our memory and suspends us until its exec or its end.
//
// ThreadSanitizer takes the place of clone() to prepare its state for a child with a copy of it.
// Such a child has the state itself: what is prepared for it stays on in the parent, which from
// then on sees neither locks nor accesses of its thread. Under another name libc's own is called.
// https://man7.org/linux/man-pages/man2/clone.2.html
#pragma once

#include <sched.h>

#if defined(__SANITIZE_THREAD__)
#define REAPWELL_HAS_TSAN
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define REAPWELL_HAS_TSAN
#endif
#endif

#ifdef REAPWELL_HAS_TSAN
extern "C" int __clone(int (*body)(void*), void* stack_top, int flags, void* argument, ...);
#endif

#ifndef CLONE_PIDFD
#define CLONE_PIDFD 0x00001000
#endif

namespace reapwell {

// The pid, or -1 with errno. With CLONE_PIDFD, *pidfd is written before the child runs.
inline int vfork_clone(int (*body)(void*), void* stack_top, int flags, void* argument, int* pidfd) {
  flags |= CLONE_VM | CLONE_VFORK;
#ifdef REAPWELL_HAS_TSAN
  return __clone(body, stack_top, flags, argument, pidfd);
#else
  return clone(body, stack_top, flags, argument, pidfd);
#endif
}

}  // namespace reapwell
