// The system calls of the child half: libc's names and errno, but the bare calls.
//
// Whoever stands in front of libc's functions (a sanitizer, a library that is preloaded) keeps
// books of what its process does. The child has a process of its own and the parent's books: a
// descriptor that it closed or replaced would be closed there too.
//
// All async-signal-safe.
#pragma once

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

// The child runs on the parent's memory and thread-local storage, where the sanitizers keep theirs.
#define REAPWELL_CHILD __attribute__((no_sanitize("address", "thread", "undefined")))

namespace reapwell::child {

REAPWELL_CHILD inline int open(const char* path, int flags) {
  return static_cast<int>(syscall(SYS_openat, AT_FDCWD, path, flags, 0));
}
REAPWELL_CHILD inline int create(const char* path, int flags, mode_t mode) {
  return static_cast<int>(syscall(SYS_openat, AT_FDCWD, path, flags, mode));
}
REAPWELL_CHILD inline int empty_file(int fd) {
  return static_cast<int>(syscall(SYS_ftruncate, fd, 0L));
}
REAPWELL_CHILD inline void close(int fd) { syscall(SYS_close, fd); }
// `from` and `to` must differ.
REAPWELL_CHILD inline int dup2(int from, int to) {
  return static_cast<int>(syscall(SYS_dup3, from, to, 0));
}
REAPWELL_CHILD inline int fcntl(int fd, int command, long argument = 0) {
  return static_cast<int>(syscall(SYS_fcntl, fd, command, argument));
}
REAPWELL_CHILD inline long write(int fd, const void* bytes, size_t length) {
  return syscall(SYS_write, fd, bytes, length);
}
// The kernel's struct is libc's on x86-64 and arm64.
REAPWELL_CHILD inline int fstat(int fd, struct stat* out) {
  return static_cast<int>(syscall(SYS_fstat, fd, out));
}
REAPWELL_CHILD inline int chdir(const char* path) {
  return static_cast<int>(syscall(SYS_chdir, path));
}
REAPWELL_CHILD inline void umask(mode_t mask) { syscall(SYS_umask, mask); }
REAPWELL_CHILD inline int getrlimit(int resource, rlimit* out) {
  return static_cast<int>(syscall(SYS_prlimit64, 0, resource, nullptr, out));
}
REAPWELL_CHILD inline int prctl(int option, unsigned long argument) {
  return static_cast<int>(syscall(SYS_prctl, option, argument, 0UL, 0UL, 0UL));
}

}  // namespace reapwell::child
