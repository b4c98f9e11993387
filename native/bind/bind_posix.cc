// The raw POSIX calls, each a single system call on the calling thread. All return a value >= 0 or
// a negative errno; src/posix turns the latter into exceptions.
#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../core/launcher.h"
#include "../core/runtime.h"
#include "../core/sys.h"
#include "decode_request.h"
#include "topics.h"

namespace reapwell {
namespace {

double checked(long result) { return result < 0 ? -errno : static_cast<double>(result); }

// (pid, options, out[status]): the child's pid, 0 for "nothing yet".
Napi::Value posix_waitpid(const Napi::CallbackInfo& info) {
  int status = 0;
  const double pid = checked(waitpid(int_argument(info, 0), &status, int_argument(info, 1)));
  info[2].As<Napi::Int32Array>().Data()[0] = status;
  return to_number(info, pid);
}

// (idtype, id, options, out[pid, uid, signo, status, code]): 0.
Napi::Value posix_waitid(const Napi::CallbackInfo& info) {
  siginfo_t found;
  const int result =
      sys::waitid(int_argument(info, 0), id_argument(info, 1), &found, int_argument(info, 2));
  int* out = info[3].As<Napi::Int32Array>().Data();
  out[0] = found.si_pid;
  out[1] = static_cast<int>(found.si_uid);
  out[2] = found.si_signo;
  out[3] = found.si_status;
  out[4] = found.si_code;
  return to_number(info, result);
}

Napi::Value posix_kill(const Napi::CallbackInfo& info) {
  return to_number(info, checked(kill(int_argument(info, 0), int_argument(info, 1))));
}

Napi::Value posix_killpg(const Napi::CallbackInfo& info) {
  return to_number(info, checked(killpg(int_argument(info, 0), int_argument(info, 1))));
}

Napi::Value posix_setpgid(const Napi::CallbackInfo& info) {
  return to_number(info, checked(setpgid(int_argument(info, 0), int_argument(info, 1))));
}

Napi::Value posix_getpgid(const Napi::CallbackInfo& info) {
  return to_number(info, checked(getpgid(int_argument(info, 0))));
}

Napi::Value posix_getsid(const Napi::CallbackInfo& info) {
  return to_number(info, checked(getsid(int_argument(info, 0))));
}

Napi::Value posix_pidfd_open(const Napi::CallbackInfo& info) {
  return to_number(info, sys::pidfd_open(int_argument(info, 0), id_argument(info, 1)));
}

Napi::Value posix_pidfd_send_signal(const Napi::CallbackInfo& info) {
  return to_number(info, sys::pidfd_send_signal(int_argument(info, 0), int_argument(info, 1),
                                                id_argument(info, 2)));
}

Napi::Value posix_set_child_subreaper(const Napi::CallbackInfo& info) {
  const unsigned long on = info[0].As<Napi::Boolean>().Value() ? 1 : 0;
  return to_number(info, checked(prctl(PR_SET_CHILD_SUBREAPER, on, 0, 0, 0)));
}

// (file, argv, env, cwd, files, cgroup, plan, out[step]): the pid of a child that nobody but the
// caller reaps.
Napi::Value posix_spawn_raw(const Napi::CallbackInfo& info) {
  SpawnRequest request;
  if (!decode_request(info, 0, request)) return to_number(info, -EINVAL);
  resolve_candidates(request);
  int* step = info[7].As<Napi::Int32Array>().Data();
  const int not_held = hold_descriptors(request);
  if (not_held < 0) {
    *step = static_cast<int>(SpawnStep::kStdio);
    return to_number(info, not_held);
  }
  ChildStack stack;
  Runtime& runtime = Runtime::instance();
  const std::uint64_t ticket = runtime.registry().begin_launch();
  const LaunchResult launched = launch(request, stack, PidfdAbilities(), nullptr);
  if (launched.step == SpawnStep::kNone) runtime.orphans().note_raw_child(launched.pid);
  runtime.registry().end_launch(ticket);
  *step = static_cast<int>(launched.step);
  return to_number(info, launched.step == SpawnStep::kNone ? launched.pid : launched.error);
}

}  // namespace

void export_posix(Napi::Env env, Napi::Object exports) {
  export_function<posix_waitpid>(env, exports, "waitpid");
  export_function<posix_waitid>(env, exports, "waitid");
  export_function<posix_kill>(env, exports, "kill");
  export_function<posix_killpg>(env, exports, "killpg");
  export_function<posix_setpgid>(env, exports, "setpgid");
  export_function<posix_getpgid>(env, exports, "getpgid");
  export_function<posix_getsid>(env, exports, "getsid");
  export_function<posix_pidfd_open>(env, exports, "pidfdOpen");
  export_function<posix_pidfd_send_signal>(env, exports, "pidfdSendSignal");
  export_function<posix_set_child_subreaper>(env, exports, "setChildSubreaper");
  export_function<posix_spawn_raw>(env, exports, "posixSpawn");
}

}  // namespace reapwell
