// What one spawn asks for, decoded and owned: nothing in it refers to JavaScript memory, so that it
// can be handed to a spawner thread. Written by the thread that built it, read by one spawner.
#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "caller_state.h"
#include "scope_kind.h"
#include "unique_fd.h"

namespace reapwell {

class Group;
class Cgroup;

// Strings back to back, each ended by NUL, with the pointer array that execve wants.
class StringBlock {
 public:
  void assign(std::string block);
  char* const* pointers() const { return pointers_.data(); }
  // The value of NAME=value, or nullptr.
  const char* find_variable(const char* name) const;

 private:
  std::string block_;
  std::vector<char*> pointers_ = {nullptr};
};

// Where descriptor i of the child comes from.
struct StdioEntry {
  enum class Kind : int {
    kDevNull = 0,
    kInherit = 1,      // `fd` of ours, whatever the number; see hold_descriptors()
    kPipeToChild = 2,  // the child reads; we write
    kPipeFromChild = 3,
    kSocketPair = 4,  // both ways, as Node's extra 'pipe' descriptors are
    kClosed = 5,
    kFile = 6,  // `path`, opened by the child: read as 0, written from the start otherwise
    kFileAppend = 7,
    kHandedOver =
        8,  // as kInherit, but no longer ours: blocking for the child, whatever its number
  };
  Kind kind = Kind::kDevNull;
  int fd = -1;  // kInherit, kHandedOver: the source; after open_pipes(): the child's end
  std::string path;
};

struct ResourceLimit {
  int resource;
  rlimit limit;
};

enum class GroupMode : int { kNew = 0, kInherit = 1, kJoin = 2, kSession = 3 };

struct SpawnRequest {
  std::string file;
  StringBlock argv;
  StringBlock env;
  std::vector<std::string> candidates;  // what execve tries, in order; see resolve_candidates()
  CallerState caller;
  bool has_cwd = false;
  std::string cwd;

  std::vector<StdioEntry> stdio;
  std::vector<UniqueFd> child_ends;   // closed in the parent once the child has its copies
  std::vector<UniqueFd> parent_ends;  // one for each pipe or socket pair, in stdio order

  GroupMode group_mode = GroupMode::kNew;
  pid_t join_pgid = 0;
  std::shared_ptr<Group> join_group;  // kJoin through spawn(): proves that the number is still ours

  ScopeKind scope_kind = ScopeKind::kGroup;
  std::string cookie;         // the one of its own that env carries; kTree has one always
  std::string cgroup_parent;  // kCgroup: the folder to make the cgroup in...
  std::string cgroup_name;    // ...and how it is called
  std::vector<std::pair<std::string, std::string>> cgroup_settings;
  std::shared_ptr<Cgroup> cgroup;  // kCgroup, once made

  int parent_death_signal = 0;  // 0: none
  bool ends_with_environment = true;
  bool has_uid = false;
  uid_t uid = 0;
  bool has_gid = false;
  gid_t gid = 0;
  bool has_groups = false;
  std::vector<gid_t> groups;
  int umask = -1;  // -1: as ours
  bool has_nice = false;
  int nice = 0;
  bool has_oom_score_adj = false;
  int oom_score_adj = 0;
  bool no_new_privileges = false;
  bool shell_for_scripts = false;  // /bin/sh runs what has no format that the kernel knows
  std::vector<ResourceLimit> limits;
  std::uint64_t orphan_mark = 0;  // 0: none; see orphan_mark.h
};

// execvp's search, done before the fork: a name with a slash is tried as it is, any other in each
// element of the PATH of the environment that the child gets (an empty element is the working
// directory; no PATH at all means /bin:/usr/bin).
void resolve_candidates(SpawnRequest& request);

// In the call that names them: the descriptors of kInherit are duplicated, and the copies are the
// request's until the child has them. Its caller may close its own, or use the number for something
// else, the moment the call returns. 0 or a negative errno (EBADF, EMFILE), with none held.
//
// The price of a copy: to close it drops the POSIX record locks (fcntl(2)) that this process holds
// on its file.
int hold_descriptors(SpawnRequest& request);

// Closes what was held for the child: it has its copies, or won't need them.
void let_go(SpawnRequest& request);

// Creates the pipes and socket pairs of request.stdio: close-on-exec at both ends, non-blocking at
// ours only. Returns 0 or a negative errno, with none left open.
int open_pipes(SpawnRequest& request);

}  // namespace reapwell
