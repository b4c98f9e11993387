#include "clone3.h"

#include <errno.h>
#include <sys/syscall.h>

#include <cstdint>

#ifndef SYS_clone3
#define SYS_clone3 435
#endif

namespace reapwell {
namespace {

constexpr std::uint64_t kIntoCgroup = 0x200000000;  // CLONE_INTO_CGROUP

// struct clone_args of <linux/sched.h>, as of Linux 5.7.
struct alignas(8) CloneArguments {
  std::uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid,
      set_tid_size, cgroup;
};

// The child returns from the system call on a stack that holds no frame of ours, so what follows it
// there can't be C++: it calls the body, and exits with what that returns.
#if defined(__x86_64__)
long call_clone3(CloneArguments* arguments, int (*body)(void*), void* argument) {
  long result;
  register int (*child_body)(void*) __asm__("r12") = body;
  register void* child_argument __asm__("r13") = argument;
  __asm__ volatile(
      "syscall\n\t"
      "test %%rax, %%rax\n\t"
      "jnz 1f\n\t"
      "xor %%ebp, %%ebp\n\t"
      "mov %%r13, %%rdi\n\t"
      "call *%%r12\n\t"
      "mov %%eax, %%edi\n\t"
      "mov $60, %%eax\n\t"
      "syscall\n\t"
      "1:\n\t"
      : "=a"(result)
      : "a"(SYS_clone3), "D"(arguments), "S"(sizeof *arguments), "r"(child_body),
        "r"(child_argument)
      : "rcx", "r11", "memory", "cc");
  return result;
}
#elif defined(__aarch64__)
long call_clone3(CloneArguments* arguments, int (*body)(void*), void* argument) {
  register long number __asm__("x8") = SYS_clone3;
  register long first __asm__("x0") = reinterpret_cast<long>(arguments);
  register long second __asm__("x1") = sizeof *arguments;
  register int (*child_body)(void*) __asm__("x19") = body;
  register void* child_argument __asm__("x20") = argument;
  __asm__ volatile(
      "svc #0\n\t"
      "cbnz x0, 1f\n\t"
      "mov x29, #0\n\t"
      "mov x0, x20\n\t"
      "blr x19\n\t"
      "mov x8, #93\n\t"
      "svc #0\n\t"
      "1:\n\t"
      : "+r"(first)
      : "r"(number), "r"(second), "r"(child_body), "r"(child_argument)
      : "memory", "cc");
  return first;
}
#else
long call_clone3(CloneArguments*, int (*)(void*), void*) { return -ENOSYS; }
#endif

}  // namespace

pid_t clone_into_cgroup(const CloneInto& request) {
  CloneArguments arguments{};
  arguments.flags = request.flags | kIntoCgroup;
  arguments.pidfd = reinterpret_cast<std::uint64_t>(request.pidfd);
  arguments.stack = reinterpret_cast<std::uint64_t>(request.stack);
  arguments.stack_size = request.stack_bytes;
  arguments.cgroup = static_cast<std::uint64_t>(request.cgroup);
  return static_cast<pid_t>(call_clone3(&arguments, request.body, request.argument));
}

}  // namespace reapwell
