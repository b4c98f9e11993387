// One child's story: what is started, what is done to it, and what must be told of it. Each event
// of it is checked here: at most once, in order, with the true status.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "check.h"
#include "core/child_record.h"
#include "core/event_channel.h"
#include "core/spawner.h"

namespace reapwell::stress {

// What all cases of a run share; constant once the run has begun, but for what says otherwise.
struct Setting {
  std::string program;        // child.cc's
  std::string mark;           // NAME=value, in the environment of every child
  std::string cgroup_parent;  // empty: none to be had
  bool subreaper = false;
  bool tells_lost_exit = false;  // the status of a process that is not our child can be had
};

class Case {
 public:
  Case(const Setting& setting, std::uint32_t id) : setting_(setting), id_(id) {}
  virtual ~Case() = default;
  Case(const Case&) = delete;
  Case& operator=(const Case&) = delete;

  virtual const char* name() const = 0;
  // Starts it: through the spawner, if nothing else is said. False: this one isn't to be had.
  virtual bool start(const std::shared_ptr<EventChannel>& channel);
  // All on the thread of its consumer.
  void handle(Event& event);
  virtual void tick() {}
  bool over() const;
  // Its environment is about to die: what it was told of must end, as Node's `onExit` would do.
  virtual void end_what_is_known();
  // Its environment is dead.
  virtual void after_teardown() {}
  std::string describe() const;

  const std::shared_ptr<ChildRecord>& child() const { return child_; }

 protected:
  virtual void prepare(SpawnRequest& request) { (void)request; }
  virtual void on_spawned(Event& event) { (void)event; }
  virtual bool expects_failure(SpawnStep step, int error) const;
  virtual bool expects_exit(const ExitInfo& exit) const = 0;
  virtual void on_exited() {}
  virtual void on_stopped(int signal);
  virtual void on_continued();
  virtual void on_swept(int result);
  // Something that must come before the case is over, besides the usual.
  virtual bool waits_for_more() const { return false; }

  void run_program(SpawnRequest& request, std::vector<std::string> arguments) const;
  void complain(const char* what) const;
  bool exited() const { return exited_ != 0; }

  const Setting& setting_;
  const std::uint32_t id_;
  std::shared_ptr<SpawnJob> job_;
  std::shared_ptr<ChildRecord> child_;

 private:
  void take_exit(const ExitInfo& exit);

  int spawned_ = 0, failed_ = 0, exited_ = 0, empty_ = 0, scope_empty_ = 0, occupied_ = 0;
};

// A case of a random kind. `hosts` are groups that a child may join; see host.h.
class Hosts;
std::unique_ptr<Case> make_case(Random& random, const Setting& setting, Hosts& hosts,
                                std::uint32_t id);

}  // namespace reapwell::stress
