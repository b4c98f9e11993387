#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/proc_table.h"
#include "core/runtime.h"
#include "kinds.h"

namespace reapwell::stress {
namespace {

// A process that this program forked behind the core's back and waits for itself.
class Attached : public Case {
 public:
  Attached(Random& random, const Setting& setting, std::uint32_t id)
      : Case(setting, id), leads_(random.one_in(2)), reaps_late_(random.one_in(4)) {}
  ~Attached() override {
    if (pid_ > 0) complain("was not reaped");
  }
  const char* name() const override { return "attached"; }

  bool start(const std::shared_ptr<EventChannel>& channel) override {
    if (!fork_one()) return false;
    ProcessEntry entry;
    if (!read_process(pid_, entry)) complain("is not in /proc");
    Runtime& runtime = Runtime::instance();
    if (runtime.attach(pid_, entry.start_ticks + 1, ScopeKind::kGroup, channel, id_) != -ESRCH) {
      complain("was taken for another");
    }
    const int error = runtime.attach(pid_, entry.start_ticks, ScopeKind::kGroup, channel, id_);
    if (error != 0) complain("could not be attached to");
    return error == 0;
  }
  void tick() override {
    if (signalled_ && (!reaps_late_ || late_-- <= 0)) reap(WNOHANG);
  }
  // What was only attached to belongs to others: it must outlive the environment.
  void end_what_is_known() override {}
  void after_teardown() override {
    if (pid_ <= 0) return;
    sleep_us(20'000);
    siginfo_t info{};
    const int result = waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT);
    if (!signalled_ && result == 0 && info.si_pid != 0) complain("died with the environment");
    kill(pid_, SIGKILL);
    signalled_ = true;
    reap(0);
  }

 protected:
  void on_spawned(Event&) override {
    if ((child_->group != nullptr) != leads_) complain("leads a group or not, wrongly");
    const int result = leads_ ? child_->group->signal(SIGTERM) : child_->signal(SIGTERM);
    if (result != 0) complain("could not be signalled");
    signalled_ = true;
  }
  bool expects_exit(const ExitInfo& exit) const override {
    if (!exit.known) return !setting_.tells_lost_exit;
    return exit.signal == SIGTERM;
  }
  bool waits_for_more() const override { return pid_ > 0; }

 private:
  bool fork_one() {
    char* const arguments[] = {const_cast<char*>("child"), const_cast<char*>("hold"), nullptr};
    char* const environment[] = {const_cast<char*>(setting_.mark.c_str()), nullptr};
    int ready[2];
    if (pipe2(ready, O_CLOEXEC) < 0) return false;
    pid_ = fork();
    if (pid_ == 0) {
      if (leads_) setpgid(0, 0);
      execve(setting_.program.c_str(), arguments, environment);
      _exit(127);
    }
    close(ready[1]);
    // Closed by the exec: from then on it can be told by its environment and dies of SIGTERM.
    char nothing;
    while (read(ready[0], &nothing, 1) < 0 && errno == EINTR) {
    }
    close(ready[0]);
    return pid_ > 0;
  }
  void reap(int options) {
    if (pid_ <= 0) return;
    int status = 0;
    const pid_t reaped = waitpid(pid_, &status, options);
    if (reaped == 0) return;
    if (reaped != pid_) {
      complain("its status was taken from its parent");
    } else if (!WIFSIGNALED(status)) {
      complain("ended otherwise");
    }
    pid_ = 0;
  }

  const bool leads_;
  const bool reaps_late_;
  int late_ = 40;
  bool signalled_ = false;
  pid_t pid_ = 0;
};

}  // namespace

std::unique_ptr<Case> make_attach_case(Random& random, const Setting& setting, std::uint32_t id) {
  return std::make_unique<Attached>(random, setting, id);
}

std::unique_ptr<Case> make_case(Random& random, const Setting& setting, Hosts& hosts,
                                std::uint32_t id) {
  const int what = random.below(20);
  if (what < 11) return make_single_case(random, setting, id);
  if (what < 15) return make_group_case(random, setting, hosts, id);
  if (what < 18) return make_scope_case(random, setting, id);
  return make_attach_case(random, setting, id);
}

}  // namespace reapwell::stress
