// What must be as it was when everything is over.
#pragma once

#include <string>

namespace reapwell::stress {

struct Books {
  int descriptors = 0;
  int threads = 0;   // all but the spawners
  int spawners = 0;  // their number may grow, by one for each 20 ms in which no job was taken
};

Books take_books();

// Children of this process that nobody has reaped, and live processes with `mark` in their
// environment, as a list for a message; empty if there are none.
std::string leftovers(const std::string& mark, bool subreaper);

}  // namespace reapwell::stress
