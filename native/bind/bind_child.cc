// What can be asked of, and done to, a child of this environment.
#include <errno.h>

#include "../core/runtime.h"
#include "encode.h"
#include "environment.h"
#include "topics.h"

namespace reapwell {
namespace {

constexpr int kLookExited = -1;
constexpr int kLookUnknownId = -2;

// (id): 0 running, a signal number while stopped by it, -1 exited, -2 not known here.
Napi::Value look(const Napi::CallbackInfo& info) {
  ChildRecord* child = Environment::of(info.Env()).find_child(id_argument(info, 0));
  if (child == nullptr) return to_number(info, kLookUnknownId);
  const Observation seen = child->look();
  if (seen.sight == Sight::kExited) return to_number(info, kLookExited);
  return to_number(info, seen.sight == Sight::kStopped ? seen.stop_signal : 0);
}

// (id, out): as look(); if it has exited, the exit is in `out`, encoded as in the exit event.
Napi::Value look_at_exit(const Napi::CallbackInfo& info) {
  ChildRecord* child = Environment::of(info.Env()).find_child(id_argument(info, 0));
  if (child == nullptr) return to_number(info, kLookUnknownId);
  const Observation seen = child->look();
  if (seen.sight != Sight::kExited) return to_number(info, 0);
  encode_exit(seen.exit, info[1].As<Napi::Float64Array>().Data());
  return to_number(info, kLookExited);
}

// (id, signal): 0 or a negative errno; -ESRCH after the exit.
Napi::Value signal_leader(const Napi::CallbackInfo& info) {
  ChildRecord* child = Environment::of(info.Env()).find_child(id_argument(info, 0));
  return to_number(info, child == nullptr ? -ESRCH : child->signal(int_argument(info, 1)));
}

// (id, signal): the whole group, and the leader wherever it is; -ESRCH when nobody is left.
Napi::Value signal_group(const Napi::CallbackInfo& info) {
  ChildRecord* child = Environment::of(info.Env()).find_child(id_argument(info, 0));
  return to_number(info, child == nullptr ? -ESRCH : child->signal_group(int_argument(info, 1)));
}

// (id, pid, startTicks, scope): watches a process that is not our child; 0 or a negative errno. It
// is told as a spawned child is.
Napi::Value attach(const Napi::CallbackInfo& info) {
  Environment& environment = Environment::of(info.Env());
  if (!environment.connected()) return to_number(info, -EINVAL);
  const auto ticks = static_cast<std::uint64_t>(info[2].As<Napi::Number>().DoubleValue());
  return to_number(info, Runtime::instance().attach(int_argument(info, 1), ticks,
                                                    static_cast<ScopeKind>(int_argument(info, 3)),
                                                    environment.channel(), id_argument(info, 0)));
}

// (id): the environment will not ask about this child again.
Napi::Value forget(const Napi::CallbackInfo& info) {
  Environment::of(info.Env()).forget(id_argument(info, 0));
  return info.Env().Undefined();
}

}  // namespace

void export_child(Napi::Env env, Napi::Object exports) {
  export_function<look>(env, exports, "look");
  export_function<look_at_exit>(env, exports, "lookAtExit");
  export_function<signal_leader>(env, exports, "signalLeader");
  export_function<signal_group>(env, exports, "signalGroup");
  export_function<attach>(env, exports, "attach");
  export_function<forget>(env, exports, "forget");
}

}  // namespace reapwell
