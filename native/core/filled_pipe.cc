#include "filled_pipe.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace reapwell {
namespace {

constexpr size_t kUsualCapacity = 64 * 1024;
constexpr unsigned kCloseOnExec = 1;  // MFD_CLOEXEC

// 0 or a negative errno; -EAGAIN: it holds less.
int write_all(int fd, const char* bytes, size_t length) {
  for (size_t at = 0; at < length;) {
    const ssize_t written = write(fd, bytes + at, length - at);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return -errno;
    at += static_cast<size_t>(written);
  }
  return 0;
}

int fill_pipe(const char* bytes, size_t length, UniqueFd& out) {
  int pair[2];
  if (pipe2(pair, O_CLOEXEC) < 0) return -errno;
  UniqueFd end_to_read = above_stdio(pair[0]);
  UniqueFd end_to_write = above_stdio(pair[1]);
  if (!end_to_read.valid() || !end_to_write.valid()) return -EMFILE;
  const bool too_long = length > INT_MAX / 2;
  if (too_long || (length > kUsualCapacity &&
                   fcntl(end_to_write.get(), F_SETPIPE_SZ, static_cast<int>(length)) < 0)) {
    return -EAGAIN;
  }
  if (fcntl(end_to_write.get(), F_SETFL, O_WRONLY | O_NONBLOCK) < 0) return -errno;
  const int error = write_all(end_to_write.get(), bytes, length);
  if (error == 0) out = std::move(end_to_read);
  return error;
}

int fill_file(const char* bytes, size_t length, UniqueFd& out) {
  UniqueFd file =
      above_stdio(static_cast<int>(syscall(SYS_memfd_create, "reapwell-unread", kCloseOnExec)));
  if (!file.valid()) return -errno;
  const int error = write_all(file.get(), bytes, length);
  if (error < 0) return error;
  if (lseek(file.get(), 0, SEEK_SET) < 0) return -errno;
  out = std::move(file);
  return 0;
}

}  // namespace

int fill_descriptor(const void* bytes, size_t length, UniqueFd& out) {
  const int error = fill_pipe(static_cast<const char*>(bytes), length, out);
  return error == -EAGAIN ? fill_file(static_cast<const char*>(bytes), length, out) : error;
}

}  // namespace reapwell
