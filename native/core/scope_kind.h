// What a signal or a sweep covers. Values are part of the binding contract (src/options/scope.ts).
#pragma once

namespace reapwell {

enum class ScopeKind : int { kLeader = 0, kGroup = 1, kSession = 2, kTree = 3, kCgroup = 4 };

}  // namespace reapwell
