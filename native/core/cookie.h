// The one environment variable that the library adds, for scope 'tree' and for journalled children:
// it is inherited across every fork and exec, so it finds who escaped from group and session.
#pragma once

#include <string>

#include "proc_table.h"

namespace reapwell {

// The start of every cookie that this process hands out: random, made once. Any thread.
const std::string& cookie_prefix();

// Whether the environment of a process contains `cookie`. False also where it may not be read, and
// of a process in state D, whose environment would be waited for.
bool carries_cookie(const ProcessEntry& process, const std::string& cookie);

}  // namespace reapwell
