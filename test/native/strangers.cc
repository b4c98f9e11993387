#include "strangers.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>

#include "core/kernel_features.h"
#include "core/launcher.h"
#include "core/runtime.h"

namespace reapwell::stress {
namespace {

constexpr int kBlockedCode = 99;
// fork() copies the page tables of a sanitized program: not all the time.
constexpr int kPauseUs = 3'000;

void expect_exit(const char* who, pid_t pid, int code) {
  int status = 0;
  pid_t reaped;
  do {
    reaped = waitpid(pid, &status, 0);
  } while (reaped < 0 && errno == EINTR);
  if (reaped != pid) return broken("%s: the status of %d was taken (%d)", who, pid, errno);
  if (WIFEXITED(status) && WEXITSTATUS(status) == kBlockedCode) {
    return broken("%s: %d inherited a blocked SIGCHLD", who, pid);
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != code) {
    broken("%s: %d has status %x, not code %d", who, pid, status, code);
  }
}

}  // namespace

void Strangers::start(std::uint64_t seed) {
  threads_.emplace_back([this, seed] { fork_and_wait(Random(seed, 2'000)); });
  threads_.emplace_back([this, seed] { spawn_and_wait(Random(seed, 2'001)); });
}

int Strangers::stop() {
  stopped_.store(true);
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
  return children_.load();
}

void Strangers::fork_and_wait(Random random) {
  while (!stopped_.load()) {
    const int code = random.below(64);
    const pid_t pid = fork();
    if (pid == 0) {
      sigset_t blocked;
      sigprocmask(SIG_BLOCK, nullptr, &blocked);
      _exit(sigismember(&blocked, SIGCHLD) == 1 ? kBlockedCode : code);
    }
    if (pid < 0) {
      broken("fork: %d", errno);
    } else {
      children_++;
      if (random.one_in(2)) sleep_us(random.below(kPauseUs));
      expect_exit("fork", pid, code);
    }
    sleep_us(random.below(kPauseUs));
  }
}

// posix.posixSpawn: by the core's launcher, but reaped by the caller alone.
void Strangers::spawn_and_wait(Random random) {
  ChildStack stack;
  Runtime& runtime = Runtime::instance();
  const PidfdAbilities pidfds = kernel_features().pidfd;
  while (!stopped_.load()) {
    const int code = random.below(64);
    SpawnRequest request;
    request.file = setting_.program;
    request.argv.assign(std::string("child\0exit\0", 11) + std::to_string(code) + '\0');
    request.env.assign(setting_.mark + '\0');
    request.stdio.resize(3);
    resolve_candidates(request);
    const std::uint64_t ticket = runtime.registry().begin_launch();
    const LaunchResult launched = launch(request, stack, pidfds, nullptr);
    if (launched.step == SpawnStep::kNone) runtime.orphans().note_raw_child(launched.pid);
    runtime.registry().end_launch(ticket);
    if (launched.step != SpawnStep::kNone) {
      broken("raw spawn: step %d, %d", static_cast<int>(launched.step), launched.error);
    } else {
      children_++;
      if (random.one_in(2)) sleep_us(random.below(kPauseUs));
      expect_exit("raw spawn", launched.pid, code);
    }
    sleep_us(random.below(kPauseUs));
  }
}

}  // namespace reapwell::stress
