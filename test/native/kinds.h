// The kinds of cases, a file each.
#pragma once

#include <memory>

#include "case.h"
#include "hosts.h"

namespace reapwell::stress {

// One child, by itself: exits, dies, is killed, is stopped, can't be started, is cancelled.
std::unique_ptr<Case> make_single_case(Random& random, const Setting& setting, std::uint32_t id);
// Children that share a group, and leaders that leave members behind.
std::unique_ptr<Case> make_group_case(Random& random, const Setting& setting, Hosts& hosts,
                                      std::uint32_t id);
// Sessions, trees and cgroups.
std::unique_ptr<Case> make_scope_case(Random& random, const Setting& setting, std::uint32_t id);
// Processes that are not the core's children.
std::unique_ptr<Case> make_attach_case(Random& random, const Setting& setting, std::uint32_t id);

}  // namespace reapwell::stress
