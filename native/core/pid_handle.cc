#include "pid_handle.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "sys.h"
#include "unique_fd.h"

namespace reapwell {
namespace {

constexpr unsigned kMostBytes = MAX_HANDLE_SZ;
constexpr int kPidfsRoot = -10002;  // FD_PIDFS_ROOT

// struct file_handle with room for its bytes, which the libc's own declares as none.
struct Handle {
  unsigned length = kMostBytes;
  int type = 0;
  unsigned char data[kMostBytes] = {};
  file_handle* get() { return reinterpret_cast<file_handle*>(this); }
};
static_assert(offsetof(Handle, data) == sizeof(file_handle));

}  // namespace

std::string handle_of_pidfd(int pidfd) {
  Handle handle;
  int mount = 0;
  if (name_to_handle_at(pidfd, "", handle.get(), &mount, AT_EMPTY_PATH) < 0) return {};
  char text[12];
  std::snprintf(text, sizeof text, "%x", static_cast<unsigned>(handle.type));
  std::string out = std::string(text) + ':';
  for (unsigned i = 0; i < handle.length; i++) {
    std::snprintf(text, sizeof text, "%02x", handle.data[i]);
    out += text;
  }
  return out;
}

HandleState look_at_handle(const std::string& text) {
  const size_t colon = text.find(':');
  if (colon == std::string::npos || (text.size() - colon - 1) % 2 != 0) {
    return HandleState::kUnknown;
  }
  const size_t length = (text.size() - colon - 1) / 2;
  if (length == 0 || length > kMostBytes) return HandleState::kUnknown;
  Handle handle;
  handle.length = static_cast<unsigned>(length);
  handle.type = static_cast<int>(std::strtol(text.c_str(), nullptr, 16));
  for (size_t i = 0; i < length; i++) {
    const std::string byte = text.substr(colon + 1 + 2 * i, 2);
    handle.data[i] = static_cast<unsigned char>(std::strtol(byte.c_str(), nullptr, 16));
  }
  // Any pidfd names the file system; and since Linux 6.17 a number that is no descriptor.
  const UniqueFd self(sys::pidfd_open(getpid(), 0));
  const int filesystem = self.valid() ? self.get() : kPidfsRoot;
  const UniqueFd found(open_by_handle_at(filesystem, handle.get(), O_CLOEXEC));
  if (found.valid()) return HandleState::kThere;
  return errno == ESTALE || errno == ESRCH ? HandleState::kGone : HandleState::kUnknown;
}

}  // namespace reapwell
