/* A group of <count> processes that do nothing but wait to be ended.
 *   members lead <count>      becomes the group's leader's program; says "up" when all are there
 *   members measure <count>   makes such a group itself, ends it by one killpg and reaps it until
 *                             kill(-pgid, 0) is ESRCH: what the kernel needs; prints microseconds */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void lead(int count, int out) {
  for (int i = 1; i < count; i++) {
    pid_t pid = fork();
    if (pid < 0) _exit(3);
    if (pid > 0) continue;
    for (int fd = 0; fd < 64; fd++) close(fd);
    for (;;) pause();
  }
  if (write(out, "up\n", 3) != 3) _exit(4);
  for (;;) pause();
}

static double now_us(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int measure(int count) {
  int up[2];
  char word[3];
  /* So that the members come home when their parent, the leader, is dead. */
  if (prctl(PR_SET_CHILD_SUBREAPER, 1) != 0 || pipe(up) != 0) return 5;
  pid_t leader = fork();
  if (leader < 0) return 3;
  if (leader == 0) {
    setpgid(0, 0);
    lead(count, up[1]);
  }
  if (read(up[0], word, sizeof word) != (ssize_t)sizeof word) return 6;
  double start = now_us();
  if (killpg(leader, SIGKILL) != 0) return 7;
  while (kill(-leader, 0) == 0 || errno != ESRCH) {
    int status;
    if (waitpid(-1, &status, 0) < 0 && errno != ECHILD) return 8;
  }
  printf("%.0f\n", now_us() - start);
  return 0;
}

int main(int argc, char **argv) {
  int count = argc == 3 ? atoi(argv[2]) : 0;
  if (count < 1 || count > 20000) return 2;
  if (strcmp(argv[1], "measure") == 0) return measure(count);
  lead(count, 1);
  return 0;
}
