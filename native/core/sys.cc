#include "sys.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cstring>

#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_close_range
#define SYS_close_range 436
#endif

static_assert(sizeof(void*) == 8, "reapwell supports 64-bit Linux only");

namespace reapwell::sys {
namespace {

int checked(long result) { return result < 0 ? -errno : static_cast<int>(result); }

// struct pidfd_info of <linux/pidfd.h>, Linux 6.13 to 6.15. Declared here because the headers of
// the build machine may be older than the kernel that runs the result.
struct PidfdInfo {
  std::uint64_t mask;
  std::uint64_t cgroupid;
  std::uint32_t pid, tgid, ppid;
  std::uint32_t ruid, rgid, euid, egid, suid, sgid, fsuid, fsgid;
  std::int32_t exit_code;
};
static_assert(sizeof(PidfdInfo) == 64, "PIDFD_INFO_SIZE_VER0");
constexpr std::uint64_t kInfoExit = 1u << 3;

std::int64_t clock_ns(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<std::int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

}  // namespace

int set_signal_mask(int how, SignalSet set, SignalSet* previous) {
  return checked(syscall(SYS_rt_sigprocmask, how, &set, previous, sizeof set));
}

int get_signal_action(int signal, KernelSigaction* out) {
  return checked(syscall(SYS_rt_sigaction, signal, nullptr, out, sizeof(SignalSet)));
}

int set_signal_default(int signal) {
  KernelSigaction action{};  // SIG_DFL is 0
  return checked(syscall(SYS_rt_sigaction, signal, &action, nullptr, sizeof(SignalSet)));
}

int pidfd_open(pid_t pid, unsigned flags) { return checked(syscall(SYS_pidfd_open, pid, flags)); }

int pidfd_send_signal(int pidfd, int signal, unsigned flags) {
  return checked(syscall(SYS_pidfd_send_signal, pidfd, signal, nullptr, flags));
}

int pidfd_exit_status(int pidfd, int* wait_status) {
  PidfdInfo info{};
  info.mask = kInfoExit;
  constexpr unsigned long kGetInfo = _IOC(_IOC_READ | _IOC_WRITE, 0xFF, 11, sizeof(PidfdInfo));
  const int result = checked(ioctl(pidfd, kGetInfo, &info));
  if (result < 0) return result;
  if ((info.mask & kInfoExit) == 0) return -ENODATA;
  *wait_status = info.exit_code;
  return 0;
}

int waitid(int idtype, id_t id, siginfo_t* info, int options, struct rusage* usage) {
  std::memset(info, 0, sizeof *info);
  return checked(syscall(SYS_waitid, idtype, id, info, options, usage));
}

int lstat(const char* path, struct stat* out) {
  return checked(syscall(SYS_newfstatat, AT_FDCWD, path, out, AT_SYMLINK_NOFOLLOW));
}

int close_range(unsigned first, unsigned last, unsigned flags) {
  return checked(syscall(SYS_close_range, first, last, flags));
}

pid_t gettid() { return static_cast<pid_t>(syscall(SYS_gettid)); }

int tgkill(pid_t tgid, pid_t tid, int signal) {
  return checked(syscall(SYS_tgkill, tgid, tid, signal));
}

int queue_signal_to_thread(pid_t tgid, pid_t tid, int signal, siginfo_t* info) {
  return checked(syscall(SYS_rt_tgsigqueueinfo, tgid, tid, signal, info));
}

void sleep_ns(std::int64_t nanoseconds) {
  const timespec pause{static_cast<time_t>(nanoseconds / 1'000'000'000),
                       static_cast<long>(nanoseconds % 1'000'000'000)};
  nanosleep(&pause, nullptr);
}

std::int64_t monotonic_ns() { return clock_ns(CLOCK_MONOTONIC); }
std::int64_t boottime_ns() { return clock_ns(CLOCK_BOOTTIME); }

}  // namespace reapwell::sys
