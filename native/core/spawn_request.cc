#include "spawn_request.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/socket.h>

#include <cstring>

namespace reapwell {
namespace {

constexpr const char* kDefaultPath = "/bin:/usr/bin";

int set_nonblocking(int fd) {
  const int flags = fcntl(fd, F_GETFL);
  if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0) return -errno;
  return 0;
}

// [0] ours, [1] the child's. A real pipe where one direction is enough: a child can reopen it
// through /dev/stdout, which a socket refuses with ENXIO.
int make_pair(StdioEntry::Kind kind, UniqueFd& ours, UniqueFd& theirs) {
  int pair[2];
  if (kind == StdioEntry::Kind::kSocketPair) {
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) return -errno;
  } else {
    if (pipe2(pair, O_CLOEXEC) < 0) return -errno;
    if (kind == StdioEntry::Kind::kPipeToChild) std::swap(pair[0], pair[1]);
  }
  ours = long_lived(pair[0]);
  theirs = above_stdio(pair[1]);
  if (!ours.valid() || !theirs.valid()) return -EMFILE;
  return set_nonblocking(ours.get());
}

}  // namespace

void StringBlock::assign(std::string block) {
  block_ = std::move(block);
  pointers_.clear();
  for (size_t at = 0; at < block_.size(); at += std::strlen(&block_[at]) + 1) {
    pointers_.push_back(&block_[at]);
  }
  pointers_.push_back(nullptr);
}

const char* StringBlock::find_variable(const char* name) const {
  const size_t length = std::strlen(name);
  for (const char* entry : pointers_) {
    if (entry != nullptr && std::strncmp(entry, name, length) == 0 && entry[length] == '=') {
      return entry + length + 1;
    }
  }
  return nullptr;
}

void resolve_candidates(SpawnRequest& request) {
  request.candidates.clear();
  const auto add = [&](const std::string& path) {
    // A shell would take it for an option.
    const bool dash = request.shell_for_scripts && path[0] == '-';
    request.candidates.push_back(dash ? "./" + path : path);
  };
  if (request.file.find('/') != std::string::npos) return add(request.file);
  const char* path = request.env.find_variable("PATH");
  const std::string list = path == nullptr ? kDefaultPath : path;
  for (size_t start = 0;;) {
    const size_t end = list.find(':', start);
    const std::string element = list.substr(start, end - start);
    // As execvp does: an element that is too long for any path is passed over.
    if (element.size() + request.file.size() + 2 <= PATH_MAX) {
      add(element.empty() ? request.file : element + '/' + request.file);
    }
    if (end == std::string::npos) return;
    start = end + 1;
  }
}

int hold_descriptors(SpawnRequest& request) {
  for (StdioEntry& entry : request.stdio) {
    const bool named =
        entry.kind == StdioEntry::Kind::kInherit || entry.kind == StdioEntry::Kind::kHandedOver;
    if (!named) continue;
    // Never on 0 to 2, which may be free: a later entry may name one of them, and must be EBADF.
    UniqueFd held(fcntl(entry.fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
    if (!held.valid()) {
      const int error = -errno;
      request.child_ends.clear();
      return error;
    }
    entry.fd = held.get();
    request.child_ends.push_back(std::move(held));
  }
  return 0;
}

void let_go(SpawnRequest& request) {
  request.child_ends.clear();
  request.caller.directory.reset();
}

int open_pipes(SpawnRequest& request) {
  for (StdioEntry& entry : request.stdio) {
    const bool pipe = entry.kind == StdioEntry::Kind::kPipeToChild ||
                      entry.kind == StdioEntry::Kind::kPipeFromChild ||
                      entry.kind == StdioEntry::Kind::kSocketPair;
    if (!pipe) continue;
    UniqueFd ours, theirs;
    const int error = make_pair(entry.kind, ours, theirs);
    if (error < 0) {
      request.child_ends.clear();
      request.parent_ends.clear();
      return error;
    }
    entry.fd = theirs.get();
    request.parent_ends.push_back(std::move(ours));
    request.child_ends.push_back(std::move(theirs));
  }
  return 0;
}

}  // namespace reapwell
