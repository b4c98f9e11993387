#include "child_half.h"

#include <errno.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "child_calls.h"
#include "child_exec.h"
#include "child_stdio.h"
#include "spawn_request.h"
#include "sys.h"

namespace reapwell {
namespace {

constexpr unsigned kUnshareTable = 2;  // CLOSE_RANGE_UNSHARE, as old as close_range(2)

[[noreturn]] REAPWELL_CHILD void fail(ChildStart& start, SpawnStep step, int error) {
  start.report.error = error;
  start.report.step = static_cast<int>(step);
  for (;;) syscall(SYS_exit_group, 127);
}

// See LaunchControl::cancel(): whoever cancels sees that we run, or we see that we are cancelled.
REAPWELL_CHILD void give_up_if_cancelled(ChildStart& start) {
  __atomic_store_n(&start.runs_as, static_cast<pid_t>(syscall(SYS_getpid)), __ATOMIC_SEQ_CST);
  if (start.cancelled != nullptr && start.cancelled->load()) {
    fail(start, SpawnStep::kKilled, SIGKILL);
  }
}

// Handlers would run parent code in the child once signals are unblocked, and an ignored signal
// stays ignored across exec (Node ignores SIGPIPE and SIGXFSZ): each disposition goes back to
// default while all signals are still blocked. clone without CLONE_SIGHAND gave us a table of our
// own.
REAPWELL_CHILD void reset_signal_dispositions() {
  for (int signal = 1; signal <= sys::kLastSignal; signal++) {
    if (signal != SIGKILL && signal != SIGSTOP) sys::set_signal_default(signal);
  }
}

// Where clone3 could not put the child into its cgroup at birth. Before the exec all the same, so
// nothing that the program starts is outside.
REAPWELL_CHILD void enter_cgroup(ChildStart& start) {
  if (start.cgroup_procs < 0) return;
  if (child::write(start.cgroup_procs, "0", 1) < 0) fail(start, SpawnStep::kCgroup, errno);
}

REAPWELL_CHILD void enter_group(ChildStart& start) {
  const SpawnRequest& request = *start.request;
  switch (request.group_mode) {
    case GroupMode::kSession:
      if (syscall(SYS_setsid) < 0) fail(start, SpawnStep::kSession, errno);
      break;
    case GroupMode::kNew:
    case GroupMode::kJoin:
      // Here and not in the parent: after the child's exec the parent's setpgid is EACCES.
      if (syscall(SYS_setpgid, 0, request.join_pgid) < 0) fail(start, SpawnStep::kGroup, errno);
      break;
    case GroupMode::kInherit:
      break;
  }
}

// The call was made earlier, by another thread, and its program may have changed its working
// directory, its mask, its limits or its niceness since. What can't be had back (a lowered hard
// limit) stays as it is: then it is the process's, as it would be a moment later anyway.
REAPWELL_CHILD void become_as_the_caller_was(ChildStart& start) {
  const CallerState& caller = start.request->caller;
  if (caller.directory.valid()) syscall(SYS_fchdir, caller.directory.get());
  if (caller.umask >= 0) child::umask(static_cast<mode_t>(caller.umask));
  if (!caller.taken) return;
  syscall(SYS_setpriority, PRIO_PROCESS, 0, caller.nice);
  for (int resource = 0; resource < CallerState::kResources; resource++) {
    rlimit then = caller.limits[resource];
    rlimit now{};
    if (child::getrlimit(resource, &now) < 0) continue;
    if (now.rlim_cur == then.rlim_cur && now.rlim_max == then.rlim_max) continue;
    if (syscall(SYS_prlimit64, 0, resource, &then, nullptr) == 0) continue;
    then.rlim_max = now.rlim_max;
    if (then.rlim_cur > then.rlim_max) then.rlim_cur = then.rlim_max;
    syscall(SYS_prlimit64, 0, resource, &then, nullptr);
  }
}

// The parent's table of descriptors is shared until here, and only what may be needed is copied:
// the pidfds and pipes of ten thousand other children would cost more than the whole spawn, to copy
// and to close again. Nothing may open, close or change a descriptor before this.
REAPWELL_CHILD void take_own_table(ChildStart& start) {
  if (start.table_from <= 0) return;
  const int error = sys::close_range(static_cast<unsigned>(start.table_from), ~0U, kUnshareTable);
  if (error < 0) fail(start, SpawnStep::kStdio, -error);
}

REAPWELL_CHILD int write_oom_score(int score) {
  char text[8];
  int length = 0;
  unsigned magnitude = static_cast<unsigned>(score < 0 ? -score : score);
  char digits[6];
  int count = 0;
  do {
    digits[count++] = static_cast<char>('0' + magnitude % 10);
    magnitude /= 10;
  } while (magnitude != 0 && count < 6);
  if (score < 0) text[length++] = '-';
  while (count > 0) text[length++] = digits[--count];
  const int fd = child::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (fd < 0) return errno;
  const int error = child::write(fd, text, static_cast<size_t>(length)) < 0 ? errno : 0;
  child::close(fd);
  return error;
}

// Refused (a filter, a low hard limit), the child goes without: its orphans are harder to prove.
REAPWELL_CHILD void carry_orphan_mark(std::uint64_t mark) {
  rlimit limit{};
  if (mark == 0 || syscall(SYS_prlimit64, 0, RLIMIT_LOCKS, nullptr, &limit) < 0) return;
  limit.rlim_cur = mark;
  syscall(SYS_prlimit64, 0, RLIMIT_LOCKS, &limit, nullptr);
}

REAPWELL_CHILD void apply_resources(ChildStart& start) {
  const SpawnRequest& request = *start.request;
  carry_orphan_mark(request.orphan_mark);
  if (request.umask >= 0) child::umask(static_cast<mode_t>(request.umask));
  if (request.has_nice && syscall(SYS_setpriority, PRIO_PROCESS, 0, request.nice) < 0) {
    fail(start, SpawnStep::kNice, errno);
  }
  if (request.has_oom_score_adj) {
    const int error = write_oom_score(request.oom_score_adj);
    if (error != 0) fail(start, SpawnStep::kOomScore, error);
  }
  for (const ResourceLimit& limit : request.limits) {
    if (syscall(SYS_prlimit64, 0, limit.resource, &limit.limit, nullptr) < 0) {
      fail(start, SpawnStep::kLimits, errno);
    }
  }
}

// Whoever becomes another user must not keep our supplementary groups. Without privilege they can't
// be dropped, and need not be: the user is then the one whose groups they are.
REAPWELL_CHILD int set_groups(const SpawnRequest& request) {
  const bool drops = !request.has_groups && (request.has_uid || request.has_gid);
  if (!request.has_groups && !drops) return 0;
  const long result = syscall(SYS_setgroups, request.groups.size(), request.groups.data());
  if (result == 0) return 0;
  const int error = errno;
  const bool same_user = !request.has_uid || request.uid == static_cast<uid_t>(syscall(SYS_getuid));
  return drops && same_user ? 0 : error;
}

REAPWELL_CHILD void apply_identity(ChildStart& start) {
  const SpawnRequest& request = *start.request;
  const int no_groups = set_groups(request);
  if (no_groups != 0 && request.has_groups) fail(start, SpawnStep::kGroups, no_groups);
  if (request.has_gid && syscall(SYS_setresgid, request.gid, request.gid, request.gid) < 0) {
    fail(start, SpawnStep::kGid, errno);
  }
  if (request.has_uid && syscall(SYS_setresuid, request.uid, request.uid, request.uid) < 0) {
    fail(start, SpawnStep::kUid, errno);
  }
  // Only now: of an id that we may not take, that is what is to be told.
  if (no_groups != 0) fail(start, SpawnStep::kGroups, no_groups);
  if (request.no_new_privileges && child::prctl(PR_SET_NO_NEW_PRIVS, 1) < 0) {
    fail(start, SpawnStep::kNoNewPrivileges, errno);
  }
}

// After the ids: a change of credentials clears it (prctl(2), PR_SET_PDEATHSIG).
REAPWELL_CHILD void bind_to_parent(ChildStart& start) {
  const int signal = start.request->parent_death_signal;
  if (signal == 0) return;
  if (child::prctl(PR_SET_PDEATHSIG, static_cast<unsigned long>(signal)) < 0) {
    fail(start, SpawnStep::kParentDeath, errno);
  }
  // The parent may have died before the line above; then no signal will ever come.
  if (syscall(SYS_getppid) != start.parent) fail(start, SpawnStep::kParentDeath, ESRCH);
}

}  // namespace

REAPWELL_CHILD int run_child_half(void* raw) {
  ChildStart& start = *static_cast<ChildStart*>(raw);
  give_up_if_cancelled(start);
  become_as_the_caller_was(start);
  take_own_table(start);
  reset_signal_dispositions();
  enter_cgroup(start);
  enter_group(start);
  const StdioFailure failed = install_descriptors(start);
  if (failed.step != SpawnStep::kNone) fail(start, failed.step, failed.error);
  if (start.table_from != start.count) close_foreign_descriptors(start.count);  // else none came
  apply_resources(start);
  if (start.request->has_cwd && child::chdir(start.request->cwd.c_str()) < 0) {
    fail(start, SpawnStep::kCwd, errno);
  }
  apply_identity(start);
  bind_to_parent(start);
  sys::set_signal_mask(SIG_SETMASK, 0);
  fail(start, SpawnStep::kExec, exec_first(start));
}

}  // namespace reapwell
