// The raw system calls that libc does not wrap, wraps too late (a symbol newer than glibc 2.28), or
// wraps with more than we want. Each returns a value >= 0 or a negative errno; none touches errno
// for its caller to read, retries, or remembers anything.
#pragma once

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/types.h>

#include <cstdint>

namespace reapwell::sys {

// The kernel's sigset: one bit a signal, 1 to 64. libc's sigset_t calls hide signals 32 and 33,
// which must be blocked too while a vforked child shares our memory.
using SignalSet = std::uint64_t;
constexpr SignalSet signal_bit(int signal) { return SignalSet{1} << (signal - 1); }
constexpr SignalSet kEverySignal = ~SignalSet{0};
// All but the two that libc uses between its own threads (SIGCANCEL, SIGSETXID). A long-lived
// thread that blocked those would make every later setuid() of the process wait for ever.
constexpr SignalSet kEverySignalButLibcs = kEverySignal & ~(signal_bit(32) | signal_bit(33));
constexpr int kLastSignal = 64;

int set_signal_mask(int how, SignalSet set, SignalSet* previous = nullptr);

// The kernel's struct sigaction on x86-64 and arm64 (libc's differs, and hides 32 and 33).
struct KernelSigaction {
  void (*handler)(int);
  unsigned long flags;
  void (*restorer)();
  SignalSet mask;
};
int get_signal_action(int signal, KernelSigaction* out);
int set_signal_default(int signal);

// pidfds: https://man7.org/linux/man-pages/man2/pidfd_open.2.html
constexpr int kIdPidfd = 3;                       // P_PIDFD of waitid, Linux 5.4
constexpr unsigned kPidfdSignalProcessGroup = 4;  // PIDFD_SIGNAL_PROCESS_GROUP, Linux 6.9
int pidfd_open(pid_t pid, unsigned flags);
int pidfd_send_signal(int pidfd, int signal, unsigned flags);

// PIDFD_GET_INFO with PIDFD_INFO_EXIT (Linux 6.15): the wait status of a process that somebody has
// reaped. -ENODATA: known to the kernel, but not reaped yet.
int pidfd_exit_status(int pidfd, int* wait_status);

// waitid with the raw call's fifth argument: rusage is filled also under WNOWAIT.
int waitid(int idtype, id_t id, siginfo_t* info, int options, struct rusage* usage = nullptr);

// libc's is a symbol of glibc 2.33; the kernel's struct is libc's on x86-64 and arm64.
int lstat(const char* path, struct stat* out);
int close_range(unsigned first, unsigned last, unsigned flags);
pid_t gettid();
int tgkill(pid_t tgid, pid_t tid, int signal);
int queue_signal_to_thread(pid_t tgid, pid_t tid, int signal, siginfo_t* info);

void sleep_ns(std::int64_t nanoseconds);
std::int64_t monotonic_ns();
std::int64_t boottime_ns();

}  // namespace reapwell::sys
