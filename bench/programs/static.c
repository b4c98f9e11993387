/* The smallest program there is: without a C library, and so without a dynamic linker. Exits 0 at once;
 * compiled with -DSLEEP it waits to be ended. For -static -nostdlib. */
#include <asm/unistd.h>

static long call(long number, long argument) {
#if defined(__x86_64__)
  long result;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(argument), "S"(0), "d"(0), "r"(0)
                   : "rcx", "r11", "memory");
  return result;
#elif defined(__aarch64__)
  register long x8 __asm__("x8") = number;
  register long x0 __asm__("x0") = argument;
  __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8) : "memory");
  return x0;
#else
#error "not known here"
#endif
}

void _start(void) {
#ifdef SLEEP

  /* Static, since the stack isn't aligned here as the compiler expects. */
  static const struct {
    long seconds, nanoseconds;
  } day = {86400, 0};
  for (;;) call(__NR_nanosleep, (long)&day);
#else
  call(__NR_exit_group, 0);
#endif
}
