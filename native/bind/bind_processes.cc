// What /proc says of processes that need not be our children.
#include "../core/proc_table.h"
#include "encode.h"
#include "topics.h"

namespace reapwell {
namespace {

// (pgid): the live members of a process group, or null where /proc can't be read.
Napi::Value list_group(const Napi::CallbackInfo& info) {
  std::vector<ProcessEntry> processes;
  if (!list_live_group(int_argument(info, 0), processes)) return info.Env().Null();
  return encode_processes(info.Env(), processes);
}

// (pid): an array of one process, or of none.
Napi::Value read_one(const Napi::CallbackInfo& info) {
  std::vector<ProcessEntry> processes(1);
  if (!read_process(int_argument(info, 0), processes[0])) processes.clear();
  return encode_processes(info.Env(), processes);
}

}  // namespace

void export_processes(Napi::Env env, Napi::Object exports) {
  export_function<list_group>(env, exports, "listGroup");
  export_function<read_one>(env, exports, "readProcess");
}

}  // namespace reapwell
