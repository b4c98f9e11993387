/* A fork bomb in which every process is a session of its own, and whoever dies is replaced.
 *   bomb <limit> <retry ms> <mark>
 * Kept in bounds by RLIMIT_NPROC (as root: under a uid that nobody else has) and by one alarm that
 * ends all of them two minutes after the start. Refuses to start where the limit can't be had. */
#define _GNU_SOURCE
#include <grp.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

enum { LONELY_UID = 471135, LIFE_S = 120 };

int main(int argc, char **argv) {
  if (argc != 4) return 2;
  rlim_t most = (rlim_t)atoi(argv[1]);
  int retry_ms = atoi(argv[2]);
  if (most < 2 || most > 5000 || retry_ms < 1 || retry_ms > 999) return 2;
  struct rlimit limit = {most, most};
  if (setrlimit(RLIMIT_NPROC, &limit) != 0) return 3;
  if (geteuid() == 0) {
    if (setgroups(0, NULL) != 0) return 4;
    if (setresgid(LONELY_UID, LONELY_UID, LONELY_UID) != 0) return 4;
    if (setresuid(LONELY_UID, LONELY_UID, LONELY_UID) != 0) return 4;
  }
  for (int fd = 0; fd < 3; fd++) close(fd);
  time_t end = time(NULL) + LIFE_S;
  alarm(LIFE_S);
  for (;;) {
    if (fork() == 0) { /* a bomb itself; alarms are not inherited */
      time_t left = end - time(NULL);
      if (left < 1) return 0;
      alarm((unsigned)left);
      setsid();
      continue;
    }
    nanosleep(&(struct timespec){0, retry_ms * 1000000L}, NULL);
  }
}
