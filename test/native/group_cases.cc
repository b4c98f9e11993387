#include <errno.h>
#include <signal.h>

#include <string>

#include "core/runtime.h"
#include "kinds.h"

namespace reapwell::stress {
namespace {

// Leader and members end by one call.
class GroupKilled : public Case {
 public:
  GroupKilled(Random& random, const Setting& setting, std::uint32_t id)
      : Case(setting, id), members_(random.below(4)), strays_(random.one_in(2)) {}
  const char* name() const override { return "group killed"; }

 protected:
  void prepare(SpawnRequest& request) override {
    run_program(request, {strays_ ? "stray" : "lead", std::to_string(members_)});
  }
  // Its leader may be on its way into this program's own group, which must not be signalled.
  void on_spawned(Event&) override {
    if (child_->signal_group(SIGKILL) != 0) complain("its group could not be signalled");
  }
  bool expects_exit(const ExitInfo& exit) const override {
    return exit.known && exit.signal == SIGKILL;
  }

 private:
  const int members_;
  const bool strays_;
};

// The leader goes; its members live until they are signalled, which must reach them.
class LeavesMembers : public Case {
 public:
  LeavesMembers(Random& random, const Setting& setting, std::uint32_t id)
      : Case(setting, id), members_(1 + random.below(3)), code_(random.below(256)) {}
  const char* name() const override { return "leaves members"; }
  void tick() override {
    // Not before the watcher has had time to be wrong.
    if (exited() && --ticks_ == 0) end_members();
  }

 protected:
  void prepare(SpawnRequest& request) override {
    run_program(request, {"leave", std::to_string(members_), std::to_string(code_), "g"});
  }
  bool expects_exit(const ExitInfo& exit) const override {
    const bool ended_by_teardown = exit.signal == SIGKILL;
    return exit.known && (ended_by_teardown || exit.code == code_);
  }

 private:
  void end_members() {
    if (child_->group->empty()) complain("its group was taken for empty");
    if (child_->group->signal(0) != 0) complain("its group does not answer");
    if (child_->group->signal(SIGTERM) != 0) complain("its members could not be signalled");
  }
  const int members_;
  const int code_;
  int ticks_ = 3;
};

// A group that others join, until it is ended under them.
class Host : public Case {
 public:
  Host(Random& random, const Setting& setting, Hosts& hosts, std::uint32_t id)
      : Case(setting, id), hosts_(hosts), ticks_(1 + random.below(10)) {}
  ~Host() override { withdraw(); }
  const char* name() const override { return "host"; }
  void tick() override {
    if (child_ == nullptr || --ticks_ != 0) return;
    child_->group->signal(SIGKILL);
    withdraw();  // afterwards: somebody may be on the way
  }

 protected:
  void prepare(SpawnRequest& request) override { run_program(request, {"hold"}); }
  void on_spawned(Event&) override { hosts_.add(child_->pid); }
  bool expects_exit(const ExitInfo& exit) const override {
    return exit.known && exit.signal == SIGKILL;
  }

 private:
  void withdraw() {
    if (child_ != nullptr) hosts_.remove(child_->pid);
  }
  Hosts& hosts_;
  int ticks_;
};

class Joins : public Case {
 public:
  Joins(Random& random, const Setting& setting, Hosts& hosts, std::uint32_t id)
      : Case(setting, id), pgid_(hosts.pick(random)), code_(random.below(256)) {}
  const char* name() const override { return "joins"; }

 protected:
  void prepare(SpawnRequest& request) override {
    run_program(request, {"exit", std::to_string(code_)});
    if (pgid_ == 0) return;
    request.group_mode = GroupMode::kJoin;
    request.join_pgid = pgid_;
  }
  void on_spawned(Event&) override {
    if (pgid_ != 0 && (child_->group == nullptr || child_->group->pgid() != pgid_)) {
      complain("is in another group");
    }
  }
  // Its host may end at any moment.
  bool expects_failure(SpawnStep step, int error) const override {
    const bool gone = step == SpawnStep::kGroup && (error == -ESRCH || error == -EPERM);
    return pgid_ != 0 && (gone || (step == SpawnStep::kKilled && error == -SIGKILL));
  }
  bool expects_exit(const ExitInfo& exit) const override {
    return exit.known && (exit.signal == SIGKILL || (exit.signal == 0 && exit.code == code_));
  }

 private:
  const pid_t pgid_;
  const int code_;
};

}  // namespace

std::unique_ptr<Case> make_group_case(Random& random, const Setting& setting, Hosts& hosts,
                                      std::uint32_t id) {
  switch (random.below(6)) {
    case 0:
      return std::make_unique<Host>(random, setting, hosts, id);
    case 1:
    case 2:
      return std::make_unique<LeavesMembers>(random, setting, id);
    case 3:
      return std::make_unique<GroupKilled>(random, setting, id);
    default:
      return std::make_unique<Joins>(random, setting, hosts, id);
  }
}

}  // namespace reapwell::stress
