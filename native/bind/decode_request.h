// Decodes what src/spawn/plan.ts encoded. JavaScript has validated and interpreted the options;
// here only what would be unsafe to believe is checked again.
#pragma once

#include <napi.h>

#include "../core/spawn_request.h"

namespace reapwell {

// Arguments from `first` on: file, argv block, env block
// (text, bytes, or undefined for our own), cwd or undefined, block of the stdio
// files' paths, cgroup block (the parent folder, then name and value of each setting), plan. False
// if malformed.
bool decode_request(const Napi::CallbackInfo& info, size_t first, SpawnRequest& out);

// environ(7) as it stands, bytes that are no UTF-8 included: each entry followed by NUL. On the
// thread that JavaScript writes it from.
std::string own_environment();

}  // namespace reapwell
