// Stresses native/core without Node, for the sanitizers: environments that start children in every
// way, some of which die in the middle of it, beside code that has children of its own and threads
// that look on. At the end everything must be as it was.
//
//   stress CHILD SECONDS [SEED] [subreaper]      CHILD: what child.cc was compiled to
//
// REAPWELL_SIGCHLD=share and REAPWELL_PIDFD=off choose the mode, as in the library. Exit code 0:
// every promise was kept; 1: some were not, each on a line of its own.
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>

#include "books.h"
#include "consumer.h"
#include "core/kernel_features.h"
#include "core/runtime.h"
#include "core/sys.h"
#include "observers.h"
#include "strangers.h"

namespace reapwell::stress {
namespace {

constexpr int kConsumers = 3;
constexpr int kAtOnce = 12;
constexpr int kCasesOfADying = 16;
constexpr double kSettling = 20;

bool is_set(const char* name, const char* value) {
  const char* found = std::getenv(name);
  return found != nullptr && std::strcmp(found, value) == 0;
}

// Of a foreign process: the status is the kernel's to tell (pidfd info), else /proc's to root.
bool tells_lost_exit() {
  const PidfdAbilities pidfds = Runtime::instance().pidfds();
  return pidfds.open && pidfds.exit_status;
}

std::string find_cgroup_parent() {
  for (const char* const parent : {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"}) {
    std::shared_ptr<Cgroup> trial;
    if (Cgroup::create(parent, {}, trial) == 0) return parent;
  }
  return "";
}

class Stress {
 public:
  Stress(Setting setting, std::uint64_t seed)
      : setting_(std::move(setting)), seed_(seed), strangers_(setting_) {}

  // Everything that is made once and kept: threads, epoll sets, what libc caches.
  Books warm_up() {
    Consumer(setting_, hosts_, observers_, seed_, 0)
        .run_until(sys::monotonic_ns() + 300'000'000, 4);
    observers_.stop();
    // What the threads open for a moment is not to be counted: many readings in a row must agree.
    Books books = take_books();
    for (int same = 0; same < 30; same++) {
      sleep_us(10'000);
      const Books again = take_books();
      if (again.descriptors != books.descriptors || again.threads != books.threads) same = 0;
      books = again;
    }
    return books;
  }

  void run(double seconds) {
    const std::int64_t deadline = sys::monotonic_ns() + static_cast<std::int64_t>(seconds * 1e9);
    observers_.start(2, seed_);
    strangers_.start(seed_);
    std::vector<std::thread> threads;
    for (int i = 0; i < kConsumers; i++) {
      threads.emplace_back([this, i, deadline] {
        Consumer consumer(setting_, hosts_, observers_, seed_, static_cast<std::uint64_t>(10 + i));
        cases_ += consumer.run_until(deadline, kAtOnce);
      });
    }
    threads.emplace_back([this, deadline] { die_again_and_again(deadline); });
    for (std::thread& thread : threads) thread.join();
    observers_.stop();
    strangers_had_ = strangers_.stop();
  }

  void compare(const Books& before) {
    Registry& registry = Runtime::instance().registry();
    wait_for(
        [&] {
          return registry.size() == 0 && leftovers(setting_.mark, setting_.subreaper).empty();
        },
        kSettling);
    if (registry.size() != 0) broken("%zu children are still registered", registry.size());
    const std::string left = leftovers(setting_.mark, setting_.subreaper);
    if (!left.empty()) broken("left over:%s", left.c_str());
    Books after;
    wait_for(
        [&] {
          after = take_books();
          return after.descriptors == before.descriptors && after.threads == before.threads;
        },
        kSettling);
    if (after.descriptors != before.descriptors) {
      broken("%d descriptors, were %d", after.descriptors, before.descriptors);
    }
    if (after.threads != before.threads) {
      broken("%d threads, were %d", after.threads, before.threads);
    }
    // A spawner is only added while all have a job and one more waits.
    constexpr int kMost = kConsumers * kAtOnce + kCasesOfADying + 4;
    if (after.spawners > kMost) broken("%d spawners", after.spawners);
    std::printf("%d cases, %d in environments that died, %d children of others; %d spawners\n",
                cases_.load(), cases_of_the_dead_.load(), strangers_had_, after.spawners);
  }

 private:
  void die_again_and_again(std::int64_t deadline_ns) {
    for (std::uint64_t life = 0; sys::monotonic_ns() < deadline_ns; life++) {
      Consumer consumer(setting_, hosts_, observers_, seed_, 100 + life);
      cases_of_the_dead_ += consumer.run_and_die(kCasesOfADying);
    }
  }

  const Setting setting_;
  const std::uint64_t seed_;
  Hosts hosts_;
  Observers observers_;
  Strangers strangers_;
  std::atomic<int> cases_{0};
  std::atomic<int> cases_of_the_dead_{0};
  int strangers_had_ = 0;
};

int stress(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: stress CHILD SECONDS [SEED] [subreaper]\n");
    return 2;
  }
  const double seconds = std::strtod(argv[2], nullptr);
  const std::uint64_t seed = argc > 3 ? std::strtoull(argv[3], nullptr, 10) : 1;
  Runtime& runtime = Runtime::instance();
  Settings settings;
  settings.use_pidfd = !is_set("REAPWELL_PIDFD", "off");
  settings.claim_sigchld = !is_set("REAPWELL_SIGCHLD", "share");
  runtime.configure(settings);
  runtime.reaper().adjust_stop_listeners(1);
  Setting setting;
  setting.subreaper = argc > 4 && std::strcmp(argv[4], "subreaper") == 0;
  if (setting.subreaper && prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0)
    runtime.orphans().enable(true);

  setting.program = argv[1];
  setting.mark = "REAPWELL_STRESS=" + std::to_string(getpid());
  setting.cgroup_parent = find_cgroup_parent();
  setting.tells_lost_exit = tells_lost_exit();
  Stress stress(std::move(setting), seed);
  const Books before = stress.warm_up();
  std::printf("seed %llu; claim: %s; pidfd: %s\n", static_cast<unsigned long long>(seed),
              runtime.reaper().claimed() ? "made" : "none",
              runtime.pidfds().of_children() ? "used" : "none");
  stress.run(seconds);
  stress.compare(before);
  std::printf("%d promises broken\n", broken_count());
  std::fflush(nullptr);
  return broken_count() == 0 ? 0 : 1;
}

}  // namespace
}  // namespace reapwell::stress

int main(int argc, char** argv) { return reapwell::stress::stress(argc, argv); }
