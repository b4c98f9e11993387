#include "child_stdio.h"

#include <errno.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "child_calls.h"
#include "spawn_request.h"
#include "sys.h"

namespace reapwell {
namespace {

constexpr StdioFailure kFine{};

// The slave side only: to open a pty's master again makes another pty.
REAPWELL_CHILD bool is_terminal(int fd) {
  unsigned number;
  char settings[256];  // the kernel's struct termios, whichever
  return syscall(SYS_ioctl, fd, TCGETS, settings) == 0 &&
         syscall(SYS_ioctl, fd, TIOCGPTN, &number) < 0;
}

// A program that reads EAGAIN from its standard input breaks. O_NONBLOCK belongs to the open file
// description, which we share with the parent: so a terminal or a pipe that somebody made
// non-blocking is reopened rather than changed. A socket can't be reopened, and is made blocking as
// it is, as libuv does. Other devices go as they are: a second opening may be another thing.
REAPWELL_CHILD void give_blocking_copy(int fd) {
  const int flags = child::fcntl(fd, F_GETFL);
  struct stat status;
  if (flags < 0 || (flags & O_NONBLOCK) == 0 || child::fstat(fd, &status) < 0) return;
  if (S_ISSOCK(status.st_mode)) child::fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
  if (!S_ISFIFO(status.st_mode) && !(S_ISCHR(status.st_mode) && is_terminal(fd))) return;
  char path[32] = "/proc/self/fd/";
  int end = 14;
  for (int rest = fd; rest >= 10; rest /= 10) end++;
  path[end + 1] = '\0';
  for (int rest = fd; end >= 14; rest /= 10) path[end--] = static_cast<char>('0' + rest % 10);
  // Opened without blocking and made blocking afterwards: a FIFO with a name has open() wait for
  // its other end, and the spawn with it.
  const int copy = child::open(path, (flags & O_ACCMODE) | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (copy < 0) return;
  child::fcntl(copy, F_SETFL, flags & ~(O_NONBLOCK | O_ASYNC));
  child::dup2(copy, fd);
  child::close(copy);
}

REAPWELL_CHILD bool is_written_file(const ChildStart& start, int index) {
  return start.sources[index] == kFromFile && index != STDIN_FILENO;
}

REAPWELL_CHILD bool same_text(const char* one, const char* other) {
  while (*one != '\0' && *one == *other) one++, other++;
  return *one == *other;
}

REAPWELL_CHILD bool same_file(int fd, const struct stat& file) {
  struct stat other;
  return child::fstat(fd, &other) == 0 && other.st_dev == file.st_dev &&
         other.st_ino == file.st_ino;
}

// Moved above what is to be filled: a number below may be a target, or even a later source's.
REAPWELL_CHILD int out_of_the_way(int opened, int count) {
  if (opened < 0 || opened >= count) return opened;
  const int moved = child::fcntl(opened, F_DUPFD_CLOEXEC, count);
  const int error = errno;
  child::close(opened);
  errno = error;
  return moved;
}

// A file that is named twice, by whichever name, is one open file with one position: two would
// write over each other. Not emptied here: it may be a file that another entry has open already.
// Returns the descriptor, or a negative number with errno set.
REAPWELL_CHILD int open_file(ChildStart& start, int index) {
  const StdioEntry& entry = start.request->stdio[static_cast<size_t>(index)];
  const char* path = entry.path.c_str();
  if (index == STDIN_FILENO) {
    return out_of_the_way(child::open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY), start.count);
  }
  for (int earlier = 0; earlier < index; earlier++) {
    if (!is_written_file(start, earlier)) continue;
    const StdioEntry& other = start.request->stdio[static_cast<size_t>(earlier)];
    if (same_text(other.path.c_str(), path)) return start.scratch[earlier];
  }
  const int opened = out_of_the_way(
      child::create(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY, 0666), start.count);
  struct stat file;
  if (opened < 0 || child::fstat(opened, &file) < 0) return opened;
  for (int earlier = 0; earlier < index; earlier++) {
    if (!is_written_file(start, earlier) || !same_file(start.scratch[earlier], file)) continue;
    child::close(opened);
    return start.scratch[earlier];
  }
  return opened;
}

// When all could be opened, so that a call that fails has emptied none. Of entries that share a
// file each gets what it asks for: emptied if one empties it, written at its end if one appends.
REAPWELL_CHILD int prepare_files(ChildStart& start) {
  for (int i = 0; i < start.count; i++) {
    if (!is_written_file(start, i)) continue;
    const int fd = start.scratch[i];
    if (start.request->stdio[static_cast<size_t>(i)].kind == StdioEntry::Kind::kFileAppend) {
      const int flags = child::fcntl(fd, F_GETFL);
      if (flags < 0 || child::fcntl(fd, F_SETFL, flags | O_APPEND) < 0) return errno;
      continue;
    }
    struct stat file;
    if (child::fstat(fd, &file) < 0) return errno;
    if (S_ISREG(file.st_mode) && child::empty_file(fd) < 0) return errno;
  }
  return 0;
}

REAPWELL_CHILD StdioFailure place_descriptors(ChildStart& start) {
  for (int i = 0; i < start.count; i++) {
    const int source = start.scratch[i];
    if (source == kLeaveClosed) {
      child::close(i);
    } else if (source == i) {
      // dup2 onto itself does nothing; the flag is per descriptor and our table is a copy.
      if (child::fcntl(i, F_SETFD, 0) < 0) return {SpawnStep::kStdio, errno};
    } else if (child::dup2(source, i) < 0) {
      return {SpawnStep::kStdio, errno};
    }
    const auto kind = start.request->stdio[static_cast<size_t>(i)].kind;
    const bool blocks = i <= STDERR_FILENO || kind == StdioEntry::Kind::kHandedOver;
    if (blocks && start.sources[i] >= 0) give_blocking_copy(i);
  }
  return kFine;
}

struct LinuxDirent {
  unsigned long inode;
  long offset;
  unsigned short length;
  unsigned char type;
  char name[1];
};

REAPWELL_CHILD int parse_descriptor(const char* name) {
  int value = 0;
  for (; *name != '\0'; name++) {
    if (*name < '0' || *name > '9' || value > 100'000'000) return -1;
    value = value * 10 + (*name - '0');
  }
  return value;
}

}  // namespace

// Sources may lie on the numbers that are to be filled (any permutation of 0 to 2, some of them
// closed in the parent). So everything is first moved above the targets, then put in place.
REAPWELL_CHILD StdioFailure install_descriptors(ChildStart& start) {
  int dev_null = -1;
  for (int i = 0; i < start.count; i++) {
    int source = start.sources[i];
    if (source == kFromDevNull) {
      if (dev_null < 0) {
        dev_null = out_of_the_way(child::open("/dev/null", O_RDWR | O_CLOEXEC), start.count);
      }
      source = dev_null;
      if (source < 0) return {SpawnStep::kStdio, errno};
    } else if (source == kFromFile) {
      source = open_file(start, i);
      if (source < 0) return {SpawnStep::kFile, errno};
    } else if (source >= 0 && source < start.count && source != i) {
      source = child::fcntl(source, F_DUPFD_CLOEXEC, start.count);
      if (source < 0) return {SpawnStep::kStdio, errno};
    }
    start.scratch[i] = source;
  }
  const int error = prepare_files(start);
  if (error != 0) return {SpawnStep::kFile, error};
  return place_descriptors(start);
}

REAPWELL_CHILD void close_foreign_descriptors(int first) {
  if (sys::close_range(static_cast<unsigned>(first), ~0U, 0) == 0) return;
  // Before Linux 5.9, or refused by a filter: mark what /proc lists. Marked and not closed, since
  // closing while listing may skip entries.
  const int directory = child::open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory >= 0) {
    alignas(LinuxDirent) char buffer[4096];
    for (;;) {
      const long bytes = syscall(SYS_getdents64, directory, buffer, sizeof buffer);
      if (bytes <= 0) break;
      for (long at = 0; at < bytes;) {
        const auto* entry = reinterpret_cast<const LinuxDirent*>(buffer + at);
        at += entry->length;
        const int fd = parse_descriptor(entry->name);
        if (fd >= first) child::fcntl(fd, F_SETFD, FD_CLOEXEC);
      }
    }
    child::close(directory);
    return;
  }
  rlimit limit{};
  const bool known = child::getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < 1'048'576;
  const int last = known ? static_cast<int>(limit.rlim_cur) : 1'048'576;
  for (int fd = first; fd < last; fd++) child::fcntl(fd, F_SETFD, FD_CLOEXEC);
}

}  // namespace reapwell
