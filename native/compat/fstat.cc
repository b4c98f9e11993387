// Keeps the addon loadable on glibc 2.28, whatever glibc it is built on.
//
// fstat became a symbol of libc in 2.33; before, each program had a copy of it
// linked in. This is ours, found before libc's. Async-signal-safe, as fstat is.

#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__GLIBC__)

static_assert(sizeof(long) == 8, "the kernel's struct stat is libc's only on 64-bit systems");

extern "C" __attribute__((visibility("hidden"))) int fstat64(int fd, struct stat64* status) {
  return static_cast<int>(syscall(SYS_fstat, fd, status));
}

#endif  // __GLIBC__
