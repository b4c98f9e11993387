// A descriptor from which given bytes are read, and then the end: for what was taken out of a pipe
// and is to be another child's input after all.
#pragma once

#include <cstddef>

#include "unique_fd.h"

namespace reapwell {

// A pipe, as what it stands for was; where the user's pipes may not hold as much, a file without a
// name. 0 or a negative errno.
int fill_descriptor(const void* bytes, size_t length, UniqueFd& out);

}  // namespace reapwell
