// connect, keepLoopAlive, configure, capabilities.
#include <errno.h>
#include <sys/prctl.h>

#include "../core/cookie.h"
#include "../core/kernel_features.h"
#include "../core/runtime.h"
#include "environment.h"
#include "topics.h"

namespace reapwell {
namespace {

// (callback, buffer): once for each environment, before its first spawn.
Napi::Value connect(const Napi::CallbackInfo& info) {
  Environment::of(info.Env())
      .connect(info.Env(), info[0].As<Napi::Function>(), info[1].As<Napi::Float64Array>());
  return info.Env().Undefined();
}

// (on): whether a waiting child keeps the event loop from ending.
Napi::Value keep_loop_alive(const Napi::CallbackInfo& info) {
  Environment::of(info.Env()).keep_loop_alive(info.Env(), info[0].As<Napi::Boolean>().Value());
  return info.Env().Undefined();
}

// (usePidfd, claimSigchld): false once the native threads run.
Napi::Value configure(const Napi::CallbackInfo& info) {
  Settings settings;
  settings.use_pidfd = info[0].As<Napi::Boolean>().Value();
  settings.claim_sigchld = info[1].As<Napi::Boolean>().Value();
  return Napi::Boolean::New(info.Env(), Runtime::instance().configure(settings));
}

// (on): this process adopts orphaned descendants, and reaps those that are proved to be such. 0 or
// a negative errno.
Napi::Value adopt_orphans(const Napi::CallbackInfo& info) {
  const bool on = info[0].As<Napi::Boolean>().Value();
  if (prctl(PR_SET_CHILD_SUBREAPER, on ? 1UL : 0UL, 0, 0, 0) < 0) return to_number(info, -errno);
  Runtime::instance().orphans().enable(on);
  Runtime::instance().reaper().ring();
  return to_number(info, 0);
}

// (): what every cookie of this process begins with.
Napi::Value cookie_start(const Napi::CallbackInfo& info) {
  return Napi::String::New(info.Env(), cookie_prefix());
}

// (by): how many more (or fewer) listeners for stops and continues.
Napi::Value adjust_stop_listeners(const Napi::CallbackInfo& info) {
  Runtime::instance().reaper().adjust_stop_listeners(int_argument(info, 0));
  return info.Env().Undefined();
}

// (id): tells of the child's present stop, if it is stopped; again, if that was told before.
Napi::Value tell_present_stop(const Napi::CallbackInfo& info) {
  auto child = Environment::of(info.Env()).share_child(id_argument(info, 0));
  if (child != nullptr) Runtime::instance().reaper().tell_present_stop(std::move(child));
  return info.Env().Undefined();
}

Napi::Value features(const Napi::CallbackInfo& info) {
  const KernelFeatures found = kernel_features();
  Runtime& runtime = Runtime::instance();
  const Settings settings = runtime.settings();
  Napi::Object out = Napi::Object::New(info.Env());
  const PidfdAbilities pidfds = runtime.pidfds();
  out.Set("pidfdFromClone", pidfds.from_clone);
  out.Set("pidfdOpen", pidfds.open);
  out.Set("pidfdPoll", pidfds.poll);
  out.Set("pidfdWait", pidfds.wait);
  out.Set("pidfdSignal", pidfds.signal);
  out.Set("pidfdGroupSignal", pidfds.group_signal);
  out.Set("pidfdExitStatus", pidfds.exit_status);
  out.Set("pidfdHandle", pidfds.handle);
  out.Set("signalfd", found.signalfd);
  out.Set("closeRange", found.close_range);
  out.Set("subreaper", found.subreaper);
  out.Set("cloneIntoCgroup", found.clone_into_cgroup);
  out.Set("started", runtime.started());
  out.Set("wantsClaim", settings.claim_sigchld);
  out.Set("claimed", runtime.reaper().claimed());
  out.Set("claimResult", static_cast<int>(runtime.reaper().claim_result()));
  out.Set("liveChildren", static_cast<double>(runtime.registry().size()));
  return out;
}

}  // namespace

void export_runtime(Napi::Env env, Napi::Object exports) {
  export_function<connect>(env, exports, "connect");
  export_function<keep_loop_alive>(env, exports, "keepLoopAlive");
  export_function<configure>(env, exports, "configure");
  export_function<adjust_stop_listeners>(env, exports, "adjustStopListeners");
  export_function<tell_present_stop>(env, exports, "tellPresentStop");
  export_function<adopt_orphans>(env, exports, "adoptOrphans");
  export_function<cookie_start>(env, exports, "cookiePrefix");
  export_function<features>(env, exports, "features");
}

}  // namespace reapwell
