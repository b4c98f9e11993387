// The addon's one entry: an Environment for each JavaScript environment, and the topics' functions.
#include <napi.h>

#include "environment.h"
#include "topics.h"

namespace {

Napi::Object initialize(Napi::Env env, Napi::Object exports) {
  env.SetInstanceData(new reapwell::Environment());
  reapwell::export_runtime(env, exports);
  reapwell::export_spawn(env, exports);
  reapwell::export_child(env, exports);
  reapwell::export_scope(env, exports);
  reapwell::export_posix(env, exports);
  reapwell::export_journal(env, exports);
  reapwell::export_processes(env, exports);
  return exports;
}

}  // namespace

NODE_API_MODULE(reapwell, initialize)
