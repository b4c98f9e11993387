// spawn, cancelSpawn, takeDescriptors.
#include <errno.h>

#include "../core/runtime.h"
#include "decode_request.h"
#include "environment.h"
#include "topics.h"

namespace reapwell {
namespace {

// (id, file, argv, env, cwd, plan): 0 or a negative errno. What comes of it is an event.
Napi::Value spawn(const Napi::CallbackInfo& info) {
  Environment& environment = Environment::of(info.Env());
  auto job = std::make_shared<SpawnJob>();
  if (!environment.connected() || !decode_request(info, 1, job->request)) {
    return to_number(info, -EINVAL);
  }
  job->id = id_argument(info, 0);
  job->channel = environment.channel();
  const int error = Runtime::instance().submit(job);
  if (error == 0) environment.add_job(job->id, job);
  return to_number(info, error);
}

// (id): ends the child if it hangs before its exec; a later success is undone (see Runtime).
Napi::Value cancel_spawn(const Napi::CallbackInfo& info) {
  SpawnJob* job = Environment::of(info.Env()).find_job(id_argument(info, 0));
  if (job != nullptr) job->control.cancel();
  return info.Env().Undefined();
}

// (id): our ends of the pipes, in stdio order. The caller owns them from here on.
Napi::Value take_descriptors(const Napi::CallbackInfo& info) {
  std::vector<UniqueFd> taken = Environment::of(info.Env()).take_descriptors(id_argument(info, 0));
  Napi::Array out = Napi::Array::New(info.Env(), taken.size());
  for (size_t i = 0; i < taken.size(); i++) {
    out.Set(static_cast<uint32_t>(i), Napi::Number::New(info.Env(), taken[i].get()));
    // In a worker that is being terminated nobody comes to own them.
    if (info.Env().IsExceptionPending()) return info.Env().Undefined();
  }
  for (UniqueFd& descriptor : taken) descriptor.release();
  return out;
}

}  // namespace

void export_spawn(Napi::Env env, Napi::Object exports) {
  export_function<spawn>(env, exports, "spawn");
  export_function<cancel_spawn>(env, exports, "cancelSpawn");
  export_function<take_descriptors>(env, exports, "takeDescriptors");
}

}  // namespace reapwell
