// A spawn from its call to its start or its end before it, and our ends of the pipes.
#include <errno.h>
#include <fcntl.h>

#include "../core/filled_pipe.h"
#include "../core/runtime.h"
#include "decode_request.h"
#include "environment.h"
#include "topics.h"

namespace reapwell {
namespace {

// (id, file, argv, env, cwd, files, cgroup, plan): in the call, takes everything that it names; 0
// or a negative errno (EBADF, EMFILE), and then nothing is left. Nothing starts before the next
// one.
Napi::Value prepare_spawn(const Napi::CallbackInfo& info) {
  Environment& environment = Environment::of(info.Env());
  auto job = std::make_shared<SpawnJob>();
  if (!environment.connected() || !decode_request(info, 1, job->request)) {
    return to_number(info, -EINVAL);
  }
  int error = hold_descriptors(job->request);
  if (error == 0) error = take_caller_state(job->request.caller);
  if (error < 0) return to_number(info, error);
  job->id = id_argument(info, 0);
  job->channel = environment.channel();
  job->ends_with_environment = job->request.ends_with_environment;
  environment.add_prepared(std::move(job));
  return to_number(info, 0);
}

// (id): 0 or a negative errno, and then it is dropped. What comes of it is an event.
Napi::Value submit_spawn(const Napi::CallbackInfo& info) {
  Environment& environment = Environment::of(info.Env());
  const std::uint32_t id = id_argument(info, 0);
  std::shared_ptr<SpawnJob> job = environment.take_prepared(id);
  if (job == nullptr) return to_number(info, -EINVAL);
  const int error = Runtime::instance().submit(job);
  if (error == 0) environment.add_job(id, std::move(job));
  return to_number(info, error);
}

// (id): of one that is not submitted: lets go of what it holds.
Napi::Value drop_spawn(const Napi::CallbackInfo& info) {
  Environment::of(info.Env()).take_prepared(id_argument(info, 0));
  return info.Env().Undefined();
}

Napi::Value own_environment_block(const Napi::CallbackInfo& info) {
  const std::string block = own_environment();
  return Napi::Buffer<char>::Copy(info.Env(), block.data(), block.size());
}

// (id): ends the child if it hangs before its exec; a later success is undone (see Runtime).
Napi::Value cancel_spawn(const Napi::CallbackInfo& info) {
  SpawnJob* job = Environment::of(info.Env()).find_job(id_argument(info, 0));
  if (job != nullptr) job->control.cancel();
  return info.Env().Undefined();
}

// (): at the environment's end; see Environment::end_children.
Napi::Value end_children(const Napi::CallbackInfo& info) {
  constexpr std::int64_t kPatience = 250'000'000;
  Environment& environment = Environment::of(info.Env());
  if (environment.connected()) environment.end_children(kPatience);
  return info.Env().Undefined();
}

// (): SIGKILL to every scope of this process that was not handed over, other environments' too; the
// starts that are under way in this one are called off.
Napi::Value kill_all(const Napi::CallbackInfo& info) {
  Environment::of(info.Env()).cancel_jobs();
  Runtime::instance().kill_all();
  return info.Env().Undefined();
}

// (id): our ends of the pipes, in stdio order. They stay the environment's until one of the next
// two.
Napi::Value lend_descriptors(const Napi::CallbackInfo& info) {
  const std::vector<int> lent = Environment::of(info.Env()).lend_descriptors(id_argument(info, 0));
  Napi::Array out = Napi::Array::New(info.Env(), lent.size());
  for (size_t i = 0; i < lent.size(); i++) {
    out.Set(static_cast<uint32_t>(i), Napi::Number::New(info.Env(), lent[i]));
  }
  return out;
}

// (fd): the caller owns it from here on.
Napi::Value hand_over_descriptor(const Napi::CallbackInfo& info) {
  Environment::of(info.Env()).take_descriptor(int_argument(info, 0)).release();
  return info.Env().Undefined();
}

Napi::Value close_descriptor(const Napi::CallbackInfo& info) {
  Environment::of(info.Env()).take_descriptor(int_argument(info, 0)).reset();
  return info.Env().Undefined();
}

// (out[2]): 0 or a negative errno. Not on 0 to 2, which a child may be told to inherit.
Napi::Value make_pipe(const Napi::CallbackInfo& info) {
  int pair[2];
  if (pipe2(pair, O_CLOEXEC) < 0) return to_number(info, -errno);
  UniqueFd end_to_read = above_stdio(pair[0]);
  UniqueFd end_to_write = above_stdio(pair[1]);
  if (!end_to_read.valid() || !end_to_write.valid()) return to_number(info, -EMFILE);
  int* out = info[0].As<Napi::Int32Array>().Data();
  out[0] = end_to_read.release();
  out[1] = end_to_write.release();
  return to_number(info, 0);
}

// (bytes): a descriptor of the caller's, or a negative errno.
Napi::Value fill(const Napi::CallbackInfo& info) {
  const auto bytes = info[0].As<Napi::Uint8Array>();
  UniqueFd filled;
  const int error = fill_descriptor(bytes.Data(), bytes.ElementLength(), filled);
  return to_number(info, error < 0 ? error : filled.release());
}

// (fd): room for more than the usual 64 KiB. Refused (a user's pages for pipes are limited), it
// stays as it is, and is only slower.
Napi::Value enlarge_pipe(const Napi::CallbackInfo& info) {
  constexpr int kBytes = 256 * 1024;
  fcntl(int_argument(info, 0), F_SETPIPE_SZ, kBytes);
  return info.Env().Undefined();
}

}  // namespace

void export_spawn(Napi::Env env, Napi::Object exports) {
  export_function<prepare_spawn>(env, exports, "prepareSpawn");
  export_function<submit_spawn>(env, exports, "submitSpawn");
  export_function<drop_spawn>(env, exports, "dropSpawn");
  export_function<own_environment_block>(env, exports, "ownEnvironment");
  export_function<cancel_spawn>(env, exports, "cancelSpawn");
  export_function<end_children>(env, exports, "endChildren");
  export_function<kill_all>(env, exports, "killAll");
  export_function<lend_descriptors>(env, exports, "lendDescriptors");
  export_function<hand_over_descriptor>(env, exports, "handOverDescriptor");
  export_function<close_descriptor>(env, exports, "closeDescriptor");
  export_function<make_pipe>(env, exports, "makePipe");
  export_function<fill>(env, exports, "fillDescriptor");
  export_function<enlarge_pipe>(env, exports, "enlargePipe");
}

}  // namespace reapwell
