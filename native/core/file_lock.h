// A lock on a file that belongs to this process and goes with it, however it ends.
//
// A POSIX record lock (fcntl(2), F_SETLK), because that kind alone is the process's own: flock(2)
// and F_OFD_SETLK belong to the open file, of which a child holds a copy until its exec, and an
// exec can hang long after we are dead. The price is that closing *any* descriptor of the file
// drops the lock, and that a process never excludes itself; hence the table of what this process
// has locked.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>

#include "unique_fd.h"

namespace reapwell {

class FileLock {
 public:
  // Creates the file if need be. -EAGAIN: locked; `holder` is the pid, 0 where it can't be told (a
  // process of another pid namespace). Any thread.
  static int acquire(const std::string& path, std::unique_ptr<FileLock>& out, pid_t* holder);
  ~FileLock();
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

 private:
  FileLock(UniqueFd file, dev_t device, ino_t inode);

  UniqueFd file_;
  dev_t device_;
  ino_t inode_;
};

}  // namespace reapwell
