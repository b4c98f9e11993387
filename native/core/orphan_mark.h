// The mark that tells a descendant of ours from a child of somebody else's when it is a zombie.
//
// By then its environment is gone, and so is its memory. Its resource limits stay with it until it
// is reaped, every process hands them on to those that it forks, across every exec, and anybody may
// read them. Linux has enforced RLIMIT_LOCKS in no version since 2.4.25: its soft limit is where a
// child of a subreaper carries a number of ours, so large that it could not be reached even if it
// counted (getrlimit(2), proc(5): /proc/<pid>/limits).
#pragma once

#include <sys/types.h>

#include <cstdint>

namespace reapwell {

// The mark of this process: random, made once. Any thread.
std::uint64_t orphan_mark();

// Any thread. Whether the process that has this number now, live or zombie, was marked by us.
bool carries_orphan_mark(pid_t pid);

}  // namespace reapwell
