// A pidfd's file handle: the name of a process that outlives us, and that no other process of this
// boot ever gets. https://man7.org/linux/man-pages/man2/open_by_handle_at.2.html, pidfs since 6.14.
#pragma once

#include <string>

namespace reapwell {

// In hexadecimal; empty where the kernel gives none.
std::string handle_of_pidfd(int pidfd);

enum class HandleState { kUnknown, kGone, kThere };

// kGone: the process has been reaped. kThere: it lives, or is a zombie. kUnknown: the kernel (or
// we) can't open handles, or this is none.
HandleState look_at_handle(const std::string& handle);

}  // namespace reapwell
