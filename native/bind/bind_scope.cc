// Scopes wider than a group: a session, a tree, a cgroup.
#include <errno.h>

#include "../core/runtime.h"
#include "../core/scope.h"
#include "encode.h"
#include "environment.h"
#include "topics.h"

namespace reapwell {
namespace {

// (id, signal): every live member; 0 or a negative errno. Reads /proc on this thread.
Napi::Value signal_scope(const Napi::CallbackInfo& info) {
  ChildRecord* child = Environment::of(info.Env()).find_child(id_argument(info, 0));
  if (child == nullptr || !child->scope.wide()) return to_number(info, -ESRCH);
  return to_number(info, signal_wide_scope(*child, int_argument(info, 1)));
}

// (id, signal): the same on a thread of its own; kSwept brings the result.
Napi::Value sweep_scope(const Napi::CallbackInfo& info) {
  auto child = Environment::of(info.Env()).share_child(id_argument(info, 0));
  if (child == nullptr || !child->scope.wide()) return to_number(info, -ESRCH);
  Runtime::instance().groups().sweep(std::move(child), int_argument(info, 1));
  return to_number(info, 0);
}

// (id): the live members, or null where they can't be listed.
Napi::Value list_scope(const Napi::CallbackInfo& info) {
  ChildRecord* child = Environment::of(info.Env()).find_child(id_argument(info, 0));
  std::vector<ProcessEntry> members;
  if (child == nullptr) return encode_processes(info.Env(), members);
  if (!list_wide_scope(*child, members)) return info.Env().Null();
  return encode_processes(info.Env(), members);
}

// (id): handed over: it does not end with us, and nothing is kept for its scope any longer: a
// pinned zombie is taken.
Napi::Value release(const Napi::CallbackInfo& info) {
  ChildRecord* child = Environment::of(info.Env()).find_child(id_argument(info, 0));
  if (child == nullptr) return info.Env().Undefined();
  child->handed_over.store(true);
  if (child->pinned()) {
    child->released.store(true);
    Runtime::instance().groups().look_again();
  }
  return info.Env().Undefined();
}

// (id): the folder of the child's cgroup, or undefined.
Napi::Value cgroup_path(const Napi::CallbackInfo& info) {
  ChildRecord* child = Environment::of(info.Env()).find_child(id_argument(info, 0));
  if (child == nullptr || child->scope.cgroup == nullptr) return info.Env().Undefined();
  return Napi::String::New(info.Env(), child->scope.cgroup->path());
}

}  // namespace

void export_scope(Napi::Env env, Napi::Object exports) {
  export_function<signal_scope>(env, exports, "signalScope");
  export_function<sweep_scope>(env, exports, "sweepScope");
  export_function<list_scope>(env, exports, "listScope");
  export_function<release>(env, exports, "release");
  export_function<cgroup_path>(env, exports, "cgroupPath");
}

}  // namespace reapwell
