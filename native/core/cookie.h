// The one environment variable that the library adds, for scope 'tree' and for journalled children:
// it is inherited across every fork and exec, so it finds who escaped from group and session.
#pragma once

#include <string>

#include "proc_table.h"

namespace reapwell {

// The start of every cookie that this process hands out: random, made once. Any thread.
const std::string& cookie_prefix();

// The thread's name while it clones a child with this cookie, and so the child's from its birth to
// its exec, when its environment can't be read yet. 15 bytes, a hash.
std::string birth_name(const std::string& cookie);

enum class CookieReading { kRead, kUnreadable, kEmpty };

// The cookies that a process carries, with commas between them; "" for none. kEmpty: it has no
// environment at all, as in the moment of an exec.
CookieReading read_cookies(const ProcessEntry& process, std::string& out);

// Whether the environment of a process contains `cookie`. False also where it may not be read, and
// of a process that stays in state D, whose environment would be waited for. Waits for a moment for
// one that is amid an exec: 10 ms at most, and 1 ms for one in state D.
bool carries_cookie(const ProcessEntry& process, const std::string& cookie);

}  // namespace reapwell
