// The last step of the child's half: the search for the program, and its exec.
#pragma once

namespace reapwell {

struct ChildStart;

// Async-signal-safe. Returns only if nothing could be executed, with the positive errno.
int exec_first(ChildStart& start);

}  // namespace reapwell
