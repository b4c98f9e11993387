// The one set of native threads of this process, shared by every environment (main and workers).
// Created at the first use, never destroyed: its threads may outlive every environment, and at the
// process's exit they must not meet half-destroyed statics.
#pragma once

#include <memory>

#include "group_watcher.h"
#include "kernel_features.h"
#include "reaper.h"
#include "registry.h"
#include "spawner.h"
#include "thread.h"

namespace reapwell {

struct Settings {
  bool use_pidfd = true;
  bool claim_sigchld = true;
};

class Runtime {
 public:
  static Runtime& instance();

  // Any thread. False once the threads run: what they stand on can't be changed any more.
  bool configure(const Settings& settings);
  Settings settings();
  bool started();

  // Any thread. Starts a spawn; what comes of it is posted to the job's channel.
  int submit(std::shared_ptr<SpawnJob> job) { return spawner_.submit(std::move(job)); }

  // Any thread. SIGKILL to the scope of each child of this process that was not handed over,
  // whichever environment started it.
  void kill_all();

  // Any thread. Watches a process that is not our child, if it is still the one that started at
  // start_ticks (0: whoever has the number now). 0 or a negative errno.
  int attach(pid_t pid, std::uint64_t start_ticks, ScopeKind scope,
             const std::shared_ptr<EventChannel>& channel, std::uint32_t id);

  Reaper& reaper() { return reaper_; }
  GroupWatcher& groups() { return groups_; }
  OrphanReaper& orphans() { return orphans_; }
  Registry& registry() { return registry_; }
  // What is done by pidfd here: what can be, unless it was configured to be done without.
  PidfdAbilities pidfds();

 private:
  Runtime();
  static void perform(void* self, SpawnJob& job, ChildStack& stack);
  int ensure_started();
  void spawn(SpawnJob& job, ChildStack& stack);
  void register_child(SpawnJob& job, LaunchResult& launched, const PidfdAbilities& abilities);

  Registry registry_;
  OrphanReaper orphans_;
  GroupWatcher groups_;
  Reaper reaper_;
  Spawner spawner_;
  Mutex starting_mutex_;  // one start at a time; guards no field
  Mutex mutex_;
  Settings settings_;      // guarded by mutex_; constant while starting_ or started_
  bool starting_ = false;  // guarded by mutex_
  bool started_ = false;   // guarded by mutex_
};

}  // namespace reapwell
