// The child half's descriptors: what the call named put in place, and nothing else left open.
//
// All async-signal-safe; see child_half.h.
#pragma once

#include "child_half.h"

namespace reapwell {

struct StdioFailure {
  SpawnStep step = SpawnStep::kNone;
  int error = 0;  // positive errno
};

// Fills 0 to start.count - 1. The files of the call are opened here, in the child: relative to its
// working directory and under its file mode mask, which are the caller's until later; and one that
// does not open (a FIFO without a reader) holds up nobody, and ends with the child.
StdioFailure install_descriptors(ChildStart& start);

// Descriptors that somebody opened without close-on-exec must not leak into the child.
void close_foreign_descriptors(int first);

}  // namespace reapwell
