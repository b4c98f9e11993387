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

int open_file(const StdioEntry& entry, bool for_reading, UniqueFd& out) {
  const int how = entry.kind == StdioEntry::Kind::kFileAppend ? O_APPEND : O_TRUNC;
  const int flags = for_reading ? O_RDONLY : O_WRONLY | O_CREAT | how;
  out = above_stdio(open(entry.path.c_str(), flags | O_CLOEXEC | O_NOCTTY, 0666));
  return out.valid() ? 0 : -errno;
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

int open_stdio(SpawnRequest& request, std::string& failed_path) {
  for (size_t i = 0; i < request.stdio.size(); i++) {
    StdioEntry& entry = request.stdio[i];
    UniqueFd ours, theirs;
    int error = 0;
    switch (entry.kind) {
      case StdioEntry::Kind::kPipeToChild:
      case StdioEntry::Kind::kPipeFromChild:
      case StdioEntry::Kind::kSocketPair:
        error = make_pair(entry.kind, ours, theirs);
        break;
      case StdioEntry::Kind::kFile:
      case StdioEntry::Kind::kFileAppend:
        error = open_file(entry, i == 0, theirs);
        if (error < 0) failed_path = entry.path;
        break;
      case StdioEntry::Kind::kDevNull:
      case StdioEntry::Kind::kInherit:
      case StdioEntry::Kind::kClosed:
        continue;
    }
    if (error < 0) {
      request.child_ends.clear();
      request.parent_ends.clear();
      return error;
    }
    entry.fd = theirs.get();
    if (ours.valid()) request.parent_ends.push_back(std::move(ours));
    request.child_ends.push_back(std::move(theirs));
  }
  return 0;
}

}  // namespace reapwell
