#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include <string>

#include "kinds.h"

namespace reapwell::stress {
namespace {

class Exits : public Case {
 public:
  Exits(Random& random, const Setting& setting, std::uint32_t id)
      : Case(setting, id), code_(random.below(256)), inherits_(random.one_in(8)) {}
  const char* name() const override { return "exits"; }

 protected:
  void prepare(SpawnRequest& request) override {
    run_program(request, {"exit", std::to_string(code_)});
    if (inherits_) request.group_mode = GroupMode::kInherit;
  }
  bool expects_exit(const ExitInfo& exit) const override {
    return exit.known && exit.signal == 0 && exit.code == code_;
  }

 private:
  const int code_;
  const bool inherits_;
};

class Dies : public Case {
 public:
  Dies(Random& random, const Setting& setting, std::uint32_t id)
      : Case(setting, id), signal_(kSignals[random.below(6)]) {}
  const char* name() const override { return "dies"; }

 protected:
  void prepare(SpawnRequest& request) override {
    run_program(request, {"die", std::to_string(signal_)});
  }
  bool expects_exit(const ExitInfo& exit) const override {
    return exit.known && exit.signal == signal_;
  }

 private:
  static constexpr int kSignals[] = {SIGHUP, SIGPIPE, SIGTERM, SIGKILL, SIGABRT, 40};
  const int signal_;
};

class Killed : public Case {
 public:
  Killed(Random& random, const Setting& setting, std::uint32_t id)
      : Case(setting, id), signal_(random.one_in(2) ? SIGTERM : SIGKILL) {}
  const char* name() const override { return "killed"; }

 protected:
  void prepare(SpawnRequest& request) override { run_program(request, {"hold"}); }
  void on_spawned(Event&) override {
    if (child_->look().sight != Sight::kRunning) complain("does not run");
    if (child_->signal(signal_) != 0) complain("could not be signalled");
  }
  bool expects_exit(const ExitInfo& exit) const override {
    return exit.known && (exit.signal == signal_ || exit.signal == SIGKILL);
  }

 private:
  const int signal_;
};

// Ends by itself when our end of its input is closed; what it wrote is then in the pipe.
class Echoes : public Case {
 public:
  using Case::Case;
  const char* name() const override { return "echoes"; }

 protected:
  void prepare(SpawnRequest& request) override {
    run_program(request, {"echo"});
    request.stdio[0].kind = StdioEntry::Kind::kPipeToChild;
    request.stdio[1].kind = StdioEntry::Kind::kPipeFromChild;
    request.stdio.resize(4);
    request.stdio[3].kind = StdioEntry::Kind::kSocketPair;
  }
  void on_spawned(Event& event) override {
    if (event.descriptors.size() != 3) return complain("has not three descriptors");
    if (write(event.descriptors[0].get(), kText, sizeof kText) != sizeof kText) {
      complain("takes no input");
    }
    output_ = std::move(event.descriptors[1]);
    event.descriptors.clear();
  }
  void on_exited() override {
    char text[sizeof kText] = {};
    const ssize_t length = read(output_.get(), text, sizeof text);
    if (length != sizeof kText || std::string(text) != kText) complain("gave other output");
    output_.reset();
  }
  bool expects_exit(const ExitInfo& exit) const override {
    return exit.known && exit.signal == 0 && exit.code == 0;
  }

 private:
  static constexpr char kText[] = "what went in\n";
  UniqueFd output_;
};

class CannotStart : public Case {
 public:
  CannotStart(Random& random, const Setting& setting, std::uint32_t id)
      : Case(setting, id), way_(random.below(6)) {}
  const char* name() const override { return "cannot start"; }

 protected:
  void prepare(SpawnRequest& request) override {
    run_program(request, {"exit", "0"});
    for (StdioEntry& entry : request.stdio) entry.kind = StdioEntry::Kind::kPipeFromChild;
    if (way_ == 0) request.file = "/no/such/program";
    if (way_ == 1) request.file = "no-such-program-in-any-path";
    if (way_ == 2) request.file = "/etc/passwd";
    if (way_ == 3) request.file = "/usr";
    if (way_ == 4) {
      request.has_cwd = true;
      request.cwd = "/no/such/folder";
    }
    if (way_ == 5) {
      request.stdio[2].kind = StdioEntry::Kind::kFile;
      request.stdio[2].path = "/no/such/folder/file";
    }
  }
  bool expects_failure(SpawnStep step, int error) const override {
    const SpawnStep expected = way_ == 4   ? SpawnStep::kCwd
                               : way_ == 5 ? SpawnStep::kFile
                                           : SpawnStep::kExec;
    return step == expected && error == (way_ == 2 || way_ == 3 ? -EACCES : -ENOENT);
  }
  bool expects_exit(const ExitInfo&) const override { return false; }

 private:
  const int way_;
};

// Wherever the cancelling meets it: not yet begun, before its exec, or already told of.
class Cancelled : public Case {
 public:
  Cancelled(Random& random, const Setting& setting, std::uint32_t id)
      : Case(setting, id), ticks_(random.below(3)) {}
  const char* name() const override { return "cancelled"; }
  bool start(const std::shared_ptr<EventChannel>& channel) override {
    const bool started = Case::start(channel);
    if (started && ticks_ == 0) job_->control.cancel();
    return started;
  }
  void tick() override {
    if (--ticks_ == 0) job_->control.cancel();
  }

 protected:
  void prepare(SpawnRequest& request) override { run_program(request, {"hold"}); }
  void on_spawned(Event&) override {
    job_->control.cancel();
    child_->signal(SIGKILL);
  }
  bool expects_failure(SpawnStep step, int error) const override {
    return step == SpawnStep::kKilled && (error == -ECANCELED || error == -SIGKILL);
  }
  bool expects_exit(const ExitInfo& exit) const override {
    return exit.known && exit.signal == SIGKILL;
  }

 private:
  int ticks_;
};

class Stops : public Case {
 public:
  using Case::Case;
  const char* name() const override { return "stops"; }

 protected:
  void prepare(SpawnRequest& request) override { run_program(request, {"hold"}); }
  void on_spawned(Event&) override { child_->signal(SIGSTOP); }
  void on_stopped(int signal) override {
    if (signal != SIGSTOP) complain("stopped by another signal");
    if (stopped_++ != 0) complain("stopped twice");
    const Observation seen = child_->look();
    if (seen.sight != Sight::kStopped) complain("is not seen to be stopped");
    child_->signal(SIGCONT);
  }
  void on_continued() override {
    if (stopped_ != 1 || continued_++ != 0) complain("continued out of turn");
    child_->signal(SIGTERM);
  }
  bool expects_exit(const ExitInfo& exit) const override {
    const bool ended_by_teardown = exit.signal == SIGKILL;
    return exit.known && (ended_by_teardown || (exit.signal == SIGTERM && continued_ == 1));
  }

 private:
  int stopped_ = 0;
  int continued_ = 0;
};

}  // namespace

std::unique_ptr<Case> make_single_case(Random& random, const Setting& setting, std::uint32_t id) {
  switch (random.below(10)) {
    case 0:
      return std::make_unique<Dies>(random, setting, id);
    case 1:
    case 2:
      return std::make_unique<Killed>(random, setting, id);
    case 3:
      return std::make_unique<Echoes>(setting, id);
    case 4:
    case 5:
      return std::make_unique<CannotStart>(random, setting, id);
    case 6:
      return std::make_unique<Cancelled>(random, setting, id);
    case 7:
      return std::make_unique<Stops>(setting, id);
    default:
      return std::make_unique<Exits>(random, setting, id);
  }
}

}  // namespace reapwell::stress
