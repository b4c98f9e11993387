// Owns one file descriptor. Nothing in core closes a descriptor by hand.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <utility>

namespace reapwell {

class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(other.release()) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    if (this != &other) reset(other.release());
    return *this;
  }
  UniqueFd(const UniqueFd&) = delete;
  UniqueFd& operator=(const UniqueFd&) = delete;
  ~UniqueFd() { reset(); }

  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }
  int release() { return std::exchange(fd_, -1); }

  // Linux frees the number even when close() reports EINTR, so it is never retried: a retry could
  // close a descriptor that another thread was just given (close(2), "Dealing with errors").
  void reset(int fd = -1) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = fd;
  }

 private:
  int fd_ = -1;
};

// Moves a descriptor of ours away from 0 to 2, where it may land if the program has closed one of
// those: a child that inherits "standard error" must not get an epoll of ours.
inline UniqueFd above_stdio(int fd) {
  UniqueFd owned(fd);
  if (fd < 0 || fd > STDERR_FILENO) return owned;
  return UniqueFd(fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
}

// For a descriptor that is kept as long as a child lives. A child is given a copy of our table, up
// to the highest number that it needs (see the child half); so that this stays low however many
// children there are, those of the many are put out of the way.
inline UniqueFd long_lived(int fd) {
  constexpr int kLowNumbers = 256;
  constexpr int kHighNumbers = 1024;
  UniqueFd owned = above_stdio(fd);
  if (owned.get() < kLowNumbers || owned.get() >= kHighNumbers) return owned;
  UniqueFd moved(fcntl(owned.get(), F_DUPFD_CLOEXEC, kHighNumbers));
  return moved.valid() ? std::move(moved) : std::move(owned);
}

}  // namespace reapwell
