#include <errno.h>
#include <signal.h>

#include <atomic>
#include <string>

#include "core/cookie.h"
#include "core/runtime.h"
#include "kinds.h"

namespace reapwell::stress {
namespace {

// The leader of a session, a tree or a cgroup leaves members, in groups or sessions of their own;
// one sweep ends them.
class Swept : public Case {
 public:
  Swept(Random& random, const Setting& setting, ScopeKind kind, std::uint32_t id)
      : Case(setting, id),
        kind_(kind),
        members_(1 + random.below(3)),
        code_(random.below(256)),
        leader_lives_(random.one_in(3)) {}
  const char* name() const override {
    return kind_ == ScopeKind::kSession ? "session" : kind_ == ScopeKind::kTree ? "tree" : "cgroup";
  }

 protected:
  void prepare(SpawnRequest& request) override {
    request.scope_kind = kind_;
    if (kind_ == ScopeKind::kSession) request.group_mode = GroupMode::kSession;
    if (kind_ == ScopeKind::kTree) {
      static std::atomic<int> made{0};
      request.cookie = "REAPWELL_COOKIE=" + cookie_prefix() + '-' + std::to_string(++made) + '.';
    }
    if (kind_ == ScopeKind::kCgroup) request.cgroup_parent = setting_.cgroup_parent;
    const char* how = kind_ == ScopeKind::kSession ? "p" : "s";
    if (leader_lives_) {
      run_program(request, {"lead", std::to_string(members_)});
    } else {
      run_program(request, {"leave", std::to_string(members_), std::to_string(code_), how});
    }
  }
  void on_spawned(Event&) override {
    if (leader_lives_) sweep();
  }
  void on_exited() override {
    if (!leader_lives_) sweep();
  }
  // SIGKILL freezes all of them first, which can be seen.
  void on_stopped(int) override {}
  void on_continued() override {}
  void on_swept(int result) override {
    if (swept_++ != 0) complain("swept twice");
    if (result != 0) complain("its sweep reached nobody");
  }
  bool waits_for_more() const override { return swept_ == 0; }
  bool expects_exit(const ExitInfo& exit) const override {
    return exit.known && (exit.signal == SIGKILL || (!leader_lives_ && exit.code == code_));
  }

 private:
  void sweep() { Runtime::instance().groups().sweep(child_, SIGKILL); }
  const ScopeKind kind_;
  const int members_;
  const int code_;
  const bool leader_lives_;
  int swept_ = 0;
};

// Handed over, at any moment: the leader's zombie goes, its members are left to themselves.
class Released : public Case {
 public:
  Released(Random& random, const Setting& setting, std::uint32_t id)
      : Case(setting, id), code_(random.below(256)), at_once_(random.one_in(2)) {}
  const char* name() const override { return "released"; }
  void tick() override {
    if (!at_once_ && child_ != nullptr && ticks_-- == 0) release();
  }

 protected:
  void prepare(SpawnRequest& request) override {
    request.scope_kind = ScopeKind::kSession;
    request.group_mode = GroupMode::kSession;
    run_program(request, {"leave", "2", std::to_string(code_), "p", "40"});
  }
  void on_spawned(Event&) override {
    if (at_once_) release();
  }
  bool expects_exit(const ExitInfo& exit) const override {
    return exit.known && (exit.signal == SIGKILL || exit.code == code_);
  }

 private:
  void release() {
    child_->released.store(true);
    Runtime::instance().groups().look_again();
  }
  const int code_;
  const bool at_once_;
  int ticks_ = 1;
};

}  // namespace

std::unique_ptr<Case> make_scope_case(Random& random, const Setting& setting, std::uint32_t id) {
  const int kind = random.below(setting.cgroup_parent.empty() ? 3 : 4);
  if (kind == 0) return std::make_unique<Released>(random, setting, id);
  const ScopeKind scope = kind == 1   ? ScopeKind::kSession
                          : kind == 2 ? ScopeKind::kTree
                                      : ScopeKind::kCgroup;
  return std::make_unique<Swept>(random, setting, scope, id);
}

}  // namespace reapwell::stress
