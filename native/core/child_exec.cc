#include "child_exec.h"

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "child_calls.h"
#include "child_half.h"
#include "spawn_request.h"

namespace reapwell {
namespace {

// As execvp(3) does: the shell runs the file, and sees its path as the name of the script.
REAPWELL_CHILD void exec_by_shell(ChildStart& start, const char* file) {
  start.shell_argv[1] = file;
  syscall(SYS_execve, start.shell_argv[0], start.shell_argv, start.request->env.pointers());
}

}  // namespace

// execvp's rules: go on after what says "not here", remember EACCES, stop at anything else. A file
// without a known format is ENOEXEC, and handed to a shell only if that was asked for.
REAPWELL_CHILD int exec_first(ChildStart& start) {
  bool access_denied = false;
  int error = ENOENT;
  for (const char* const* candidate = start.candidates; *candidate != nullptr; candidate++) {
    syscall(SYS_execve, *candidate, start.request->argv.pointers(), start.request->env.pointers());
    if (errno == ENOEXEC && start.shell_argv != nullptr) exec_by_shell(start, *candidate);
    error = errno;
    if (error == EACCES) {
      access_denied = true;
    } else if (error != ENOENT && error != ENOTDIR && error != ESTALE && error != ENODEV &&
               error != ETIMEDOUT) {
      return error;
    }
  }
  return access_denied ? EACCES : error;
}

}  // namespace reapwell
