/* The limit: what a C program needs for the same, by posix_spawn and waitpid.
 * Reads tasks from standard input, a line each, `op count concurrency file arg`, and answers each by a
 * line of JSON. Everything in one thread, the environment handed on as in the other peers. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

#define FAIL(what)                                                      \
  do {                                                                  \
    printf("{\"error\":\"%s: %s\"}\n", what, strerror(errno));          \
    fflush(stdout);                                                     \
    exit(1);                                                            \
  } while (0)

static double now_us(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static posix_spawn_file_actions_t silent;

static pid_t start(const char *file) {
  char *const argv[] = {(char *)file, NULL};
  pid_t pid;
  errno = posix_spawnp(&pid, file, &silent, NULL, argv, environ);
  if (errno != 0) FAIL("posix_spawnp");
  return pid;
}

static void reap(pid_t pid) {
  int status;
  while (waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR) FAIL("waitpid");
  }
}

static void say_samples(const double *samples, int count) {
  printf("{\"result\":[");
  for (int i = 0; i < count; i++) printf("%s%.2f", i == 0 ? "" : ",", samples[i]);
  printf("]}\n");
}

/* One at a time: each one's time. More at a time: the time for all, divided by their number. */
static void chain(int count, int concurrency, const char *file, double *samples) {
  if (concurrency == 1) {
    for (int i = 0; i < count; i++) {
      double before = now_us();
      reap(start(file));
      samples[i] = now_us() - before;
    }
    say_samples(samples, count);
    return;
  }
  double before = now_us();
  int started = 0;
  while (started < concurrency && started < count) {
    start(file);
    started++;
  }
  for (int ended = 0; ended < count; ended++) {
    reap(-1);
    if (started < count) {
      start(file);
      started++;
    }
  }
  samples[0] = (now_us() - before) / count;
  say_samples(samples, 1);
}

static void capture(int count, const char *file, const char *arg, double *samples) {
  char *const argv[] = {(char *)file, (char *)arg, NULL};
  char text[4096];
  for (int i = 0; i < count; i++) {
    double before = now_us();
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) FAIL("pipe2");
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
    pid_t pid;
    errno = posix_spawnp(&pid, file, &actions, NULL, argv, environ);
    if (errno != 0) FAIL("posix_spawnp");
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    size_t length = 0;
    for (;;) {
      ssize_t got = read(ends[0], text + length, sizeof text - length);
      if (got < 0) FAIL("read");
      if (got == 0) break;
      length += (size_t)got;
    }
    close(ends[0]);
    reap(pid);
    samples[i] = now_us() - before;
    if (length != strlen(arg) + 1) FAIL("not what was to be said");
  }
  say_samples(samples, count);
}

static void end(int count, const char *file, double *samples) {
  for (int i = 0; i < count; i++) {
    pid_t pid = start(file);
    double before = now_us();
    if (kill(pid, SIGTERM) != 0) FAIL("kill");
    reap(pid);
    samples[i] = now_us() - before;
  }
  say_samples(samples, count);
}

static pid_t *held;
static int held_count;

static double hold(int count, const char *file) {
  double before = now_us();
  held = realloc(held, (size_t)(held_count + count) * sizeof *held);
  if (held == NULL) FAIL("realloc");
  for (int i = 0; i < count; i++) held[held_count++] = start(file);
  return now_us() - before;
}

static double let_go(void) {
  double before = now_us();
  for (int i = 0; i < held_count; i++) {
    if (kill(held[i], SIGKILL) != 0) FAIL("kill");
  }
  for (int i = 0; i < held_count; i++) reap(held[i]);
  held_count = 0;
  return now_us() - before;
}

/* Nanoseconds of the bare system call on a child that runs. */
static void poll_running(int count, const char *file) {
  pid_t pid = start(file);
  int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
  idtype_t how = pidfd < 0 ? P_PID : (idtype_t)3; /* P_PIDFD, which old headers lack */
  id_t id = pidfd < 0 ? (id_t)pid : (id_t)pidfd;
  siginfo_t info;
  double before = now_us();
  for (int i = 0; i < count; i++) {
    if (waitid(how, id, &info, WEXITED | WSTOPPED | WNOHANG | WNOWAIT) != 0) FAIL("waitid");
  }
  double each = (now_us() - before) * 1e3 / count;
  if (pidfd >= 0) close(pidfd);
  if (kill(pid, SIGKILL) != 0) FAIL("kill");
  reap(pid);
  printf("{\"result\":%.2f}\n", each);
}

static void obey(const char *op, int count, int concurrency, const char *file, const char *arg) {
  double *samples = malloc((size_t)(count + 1) * sizeof *samples);
  if (samples == NULL) FAIL("malloc");
  if (strcmp(op, "chain") == 0) chain(count, concurrency, file, samples);
  else if (strcmp(op, "capture") == 0) capture(count, file, arg, samples);
  else if (strcmp(op, "end") == 0) end(count, file, samples);
  else if (strcmp(op, "hold") == 0) printf("{\"result\":%.2f}\n", hold(count, file));
  else if (strcmp(op, "letGo") == 0) printf("{\"result\":%.2f}\n", let_go());
  else if (strcmp(op, "poll") == 0) poll_running(count, file);
  else if (strcmp(op, "settle") == 0) printf("{\"result\":null}\n");
  else printf("{\"error\":\"no such task: %s\"}\n", op);
  fflush(stdout);
  free(samples);
}

int main(void) {
  static char line[8192], op[64], file[4096], arg[2048];
  posix_spawn_file_actions_init(&silent);
  for (int fd = 0; fd < 3; fd++) {
    posix_spawn_file_actions_addopen(&silent, fd, "/dev/null", fd == 0 ? O_RDONLY : O_WRONLY, 0);
  }
  while (fgets(line, sizeof line, stdin) != NULL) {
    int count, concurrency;
    if (sscanf(line, "%63s %d %d %4095s %2047s", op, &count, &concurrency, file, arg) != 5) return 2;
    obey(op, count, concurrency, file, arg);
  }
  let_go();
  return 0;
}
