// Scopes wider than a process group: what they cover, who lives in them, and how they are
// signalled.
//
// Numbers are only believed while something pins them. A session or a tree keeps its leader as an
// unreaped zombie until it is settled, so that neither its pid, pgid nor sid can become a
// stranger's; every other process is signalled through a pidfd that was opened first and verified
// afterwards, or, where that can't be, by a number that was verified just before.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "cgroup.h"
#include "proc_table.h"
#include "scope_kind.h"

namespace reapwell {

class ChildRecord;

struct Scope {
  ScopeKind kind = ScopeKind::kGroup;
  std::string cookie;              // kTree: NAME=value as it stands in the environment
  std::shared_ptr<Cgroup> cgroup;  // kCgroup

  bool wide() const { return kind >= ScopeKind::kSession; }
  bool pins_leader() const { return kind == ScopeKind::kSession || kind == ScopeKind::kTree; }
};

// Freezes or ends whom it reaches; and nobody notices if it comes twice.
bool is_final(int signal);

// The live members of a wide scope, its leader always among them, from a listing of /proc that was
// made while the leader was not reaped (or, for a cgroup, from the cgroup itself). False: unknown.
bool list_wide_scope(const ChildRecord& child, const std::vector<ProcessEntry>& processes,
                     std::vector<ProcessEntry>& out);

// The same with a listing of its own. Nobody once the scope is settled; unknown if it was released.
bool list_wide_scope(ChildRecord& child, std::vector<ProcessEntry>& out);

// Signals every live member, group by group, and again whoever appears meanwhile. SIGKILL freezes
// all of them first. 0: at least one was signalled; -ESRCH: none was left, or the scope is settled;
// -EPERM: none could be.
int signal_wide_scope(ChildRecord& child, int signal);

}  // namespace reapwell
