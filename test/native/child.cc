// The program that the stress program starts, itself not sanitized: small, static, quick to exec.
//
//   exit CODE | die SIGNAL | hold | echo
//   lead COUNT                    members in the same group, and holds
//   stray COUNT                   the same, and moves into the group of its parent first
//   leave COUNT CODE HOW [MS]     members, and exits with CODE while they live (for MS)
//                                 HOW: g in its group, p in groups, s in sessions of their own
//
// Whatever goes wrong, nothing of it lives longer than a minute.
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

namespace {

constexpr unsigned kLongest = 60;

[[noreturn]] void hold(int milliseconds) {
  alarm(kLongest);
  if (milliseconds > 0) {
    timespec left{milliseconds / 1000, (milliseconds % 1000) * 1'000'000L};
    while (nanosleep(&left, &left) < 0 && errno == EINTR) {
    }
    _exit(0);
  }
  for (;;) pause();
}

// They are where they belong before the leader goes on.
void fork_members(int count, char how, int milliseconds) {
  int ready[2];
  if (pipe(ready) < 0) _exit(125);
  for (int i = 0; i < count; i++) {
    const pid_t pid = fork();
    if (pid < 0) _exit(126);
    if (pid != 0) continue;
    if (how == 'p') setpgid(0, 0);
    if (how == 's') setsid();
    close(ready[0]);
    close(ready[1]);
    hold(milliseconds);
  }
  close(ready[1]);
  char nothing;
  while (read(ready[0], &nothing, 1) > 0) {
  }
  close(ready[0]);
}

int echo() {
  char buffer[4096];
  for (;;) {
    const ssize_t length = read(0, buffer, sizeof buffer);
    if (length < 0) return 124;
    if (length == 0) return 0;
    if (write(1, buffer, static_cast<size_t>(length)) != length) return 123;
  }
}

}  // namespace

int main(int argc, char** argv) {
  alarm(kLongest);
  const char* what = argc > 1 ? argv[1] : "";
  const auto number = [&](int i) { return argc > i ? atoi(argv[i]) : 0; };
  if (strcmp(what, "exit") == 0) return number(2);
  if (strcmp(what, "echo") == 0) return echo();
  if (strcmp(what, "hold") == 0) hold(0);
  if (strcmp(what, "die") == 0) {
    const rlimit no_core{0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
    raise(number(2));
    return 122;
  }
  if (strcmp(what, "lead") == 0) {
    fork_members(number(2), 'g', 0);
    hold(0);
  }
  if (strcmp(what, "stray") == 0) {
    fork_members(number(2), 'g', 0);
    setpgid(0, getpgid(getppid()));
    hold(0);
  }
  if (strcmp(what, "leave") == 0 && argc > 4) {
    fork_members(number(2), argv[4][0], number(5));
    return number(3);
  }
  return 121;
}
