// A cgroup v2 of one child's own: entered at birth, ended by one write, removed when empty.
// https://docs.kernel.org/admin-guide/cgroup-v2.html
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "unique_fd.h"

namespace reapwell {

class Cgroup {
 public:
  // Makes the folder `name` below `parent`. Returns 0 or a negative errno, and then nothing is left
  // behind.
  static int create(const std::string& parent, const std::string& name,
                    std::shared_ptr<Cgroup>& out);
  // Writes settings (file name, value). Where a file is missing its controller is switched on for
  // the children of `parent`, if it can be. 0 or a negative errno: -ENOENT if the controller is not
  // available there, -EBUSY if the parent holds processes itself...
  int limit(const std::string& parent,
            const std::vector<std::pair<std::string, std::string>>& settings) const;
  ~Cgroup();
  Cgroup(const Cgroup&) = delete;
  Cgroup& operator=(const Cgroup&) = delete;

  const std::string& path() const { return path_; }
  // For clone3's CLONE_INTO_CGROUP.
  int directory() const { return directory_.get(); }
  // Rings EPOLLPRI when the cgroup becomes empty (or is populated again).
  int events() const { return events_.get(); }
  // For a child that enters by itself: it writes "0" here before its exec.
  int procs() const { return procs_.get(); }

  // True: no live process in it or below it. Zombies don't count.
  bool empty() const;
  // Of it and of every cgroup below it. False: unknown.
  bool list(std::vector<pid_t>& out) const;
  // One write ends all (Linux 5.14). 0 or a negative errno; one-shot, so repeat until empty.
  int kill_all() const;
  int freeze(const char* on) const;
  // How many of its processes the kernel's out-of-memory killer ended; 0 where that is not counted.
  int oom_kills() const;
  // Removes the folders. Zombies of others don't hinder it.
  void remove();

 private:
  explicit Cgroup(std::string path) : path_(std::move(path)) {}

  std::string path_;
  UniqueFd directory_;
  UniqueFd events_;
  UniqueFd procs_;
  bool removed_ = false;
};

}  // namespace reapwell
