#include "runtime.h"

#include <errno.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <utility>

#include "orphan_mark.h"
#include "proc_table.h"
#include "sys.h"

namespace reapwell {
namespace {

constexpr long kPidfsMagic =
    0x50494446;  // PID_FS_MAGIC: from Linux 6.9 a pidfd has an inode of its own

void post_failure(SpawnJob& job, SpawnStep step, int error) {
  // First, so that whoever is told finds nothing left behind.
  let_go(job.request);
  job.request.parent_ends.clear();
  job.request.cgroup.reset();
  Event event{};
  event.type = EventType::kSpawnFailed;
  event.id = job.id;
  event.step = step;
  event.value = error;
  job.channel->post(std::move(event));
}

// Asked once: every pidfd is of the same file system.
bool is_in_pidfs(int pidfd) {
  static const bool answer = [pidfd] {
    struct statfs filesystem;
    return fstatfs(pidfd, &filesystem) == 0 && filesystem.f_type == kPidfsMagic;
  }();
  return answer;
}

std::uint64_t inode_of(const UniqueFd* pidfd) {
  struct stat status;
  const bool has_own =
      pidfd != nullptr && is_in_pidfs(pidfd->get()) && fstat(pidfd->get(), &status) == 0;
  return has_own ? status.st_ino : 0;
}

}  // namespace

Runtime& Runtime::instance() {
  static Runtime* runtime = new Runtime();
  return *runtime;
}

Runtime::Runtime()
    : orphans_(registry_),
      groups_(registry_, orphans_),
      reaper_(registry_, groups_, orphans_),
      spawner_(perform, this) {}

bool Runtime::configure(const Settings& settings) {
  Lock lock(mutex_);
  if (starting_ || started_) return false;
  settings_ = settings;
  return true;
}

Settings Runtime::settings() {
  Lock lock(mutex_);
  return settings_;
}

bool Runtime::started() {
  Lock lock(mutex_);
  return started_;
}

PidfdAbilities Runtime::pidfds() {
  return settings().use_pidfd ? kernel_features().pidfd : PidfdAbilities();
}

void Runtime::perform(void* self, SpawnJob& job, ChildStack& stack) {
  static_cast<Runtime*>(self)->spawn(job, stack);
}

// Does not wait for the claim, which can take seconds if a thread does not run: attach() comes here
// on the event loop's thread.
int Runtime::ensure_started() {
  Lock starting(starting_mutex_);
  bool claim;
  {
    Lock lock(mutex_);
    if (started_) return 0;
    starting_ = true;
    claim = settings_.claim_sigchld;
  }
  int error = groups_.start();
  if (error == 0) error = reaper_.start(claim);
  Lock lock(mutex_);
  starting_ = false;
  started_ = error == 0;
  return error;
}

void Runtime::spawn(SpawnJob& job, ChildStack& stack) {
  const int not_started = ensure_started();
  if (not_started < 0) return post_failure(job, SpawnStep::kClone, not_started);
  reaper_.await_claim();
  // Nobody is left who could be told, so it need not even run.
  if (job.channel->closed()) return;
  if (job.control.cancelled()) return post_failure(job, SpawnStep::kKilled, -ECANCELED);

  SpawnRequest& request = job.request;
  if (request.group_mode == GroupMode::kJoin) {
    request.join_group = registry_.find_group(request.join_pgid);
    const bool alive = request.join_group != nullptr && request.join_group->owns_number();
    if (!alive) return post_failure(job, SpawnStep::kGroup, -ESRCH);
  }
  if (request.scope_kind == ScopeKind::kCgroup) {
    const std::string& parent = request.cgroup_parent;
    const int no_cgroup = Cgroup::create(parent, request.cgroup_name, request.cgroup);
    if (no_cgroup < 0) return post_failure(job, SpawnStep::kCgroup, no_cgroup);
    const int no_limit = request.cgroup->limit(parent, request.cgroup_settings);
    if (no_limit < 0) return post_failure(job, SpawnStep::kCgroupLimit, no_limit);
  }
  const int no_pipes = open_pipes(request);
  if (no_pipes < 0) return post_failure(job, SpawnStep::kPipes, no_pipes);
  resolve_candidates(request);

  if (orphans_.enabled()) request.orphan_mark = orphan_mark();

  const std::uint64_t ticket = registry_.begin_launch();
  const PidfdAbilities abilities = pidfds();
  LaunchResult launched = launch(request, stack, abilities, &job.control);
  let_go(request);
  if (launched.step != SpawnStep::kNone) {
    // Before anybody is told: a failed spawn leaves no descriptor, at no moment that can be seen.
    request.parent_ends.clear();
    request.cgroup.reset();
    post_failure(job, launched.step, launched.error);
  } else {
    register_child(job, launched, abilities);
  }
  registry_.end_launch(ticket);
}

void Runtime::register_child(SpawnJob& job, LaunchResult& launched,
                             const PidfdAbilities& abilities) {
  SpawnRequest& request = job.request;
  std::shared_ptr<UniqueFd> pidfd;
  if (launched.pidfd.valid()) pidfd = std::make_shared<UniqueFd>(std::move(launched.pidfd));
  const bool leads =
      request.group_mode == GroupMode::kNew || request.group_mode == GroupMode::kSession;
  std::shared_ptr<Group> group = request.join_group;
  if (leads) {
    const bool by_pidfd = pidfd != nullptr && abilities.group_signal;
    group = std::make_shared<Group>(launched.pid, pidfd, by_pidfd);
  }
  Scope scope{request.scope_kind, request.cookie, request.cgroup};
  auto child = std::make_shared<ChildRecord>(launched.pid, pidfd, abilities, group, leads,
                                             std::move(scope), job.channel, job.id);
  child->identity = {launched.start_ticks, inode_of(pidfd.get())};
  child->ends_with_environment = request.ends_with_environment;
  const std::uint64_t sequence = registry_.add(child);

  // If the group died while the child was on its way into it, its number may have been a stranger's
  // by then: that child must not run.
  const bool stray = request.join_group != nullptr && !request.join_group->owns_number();
  if (stray || job.control.cancelled()) child->abandon();

  Event event{};
  event.type = EventType::kSpawned;
  event.id = job.id;
  event.child = child;
  event.descriptors = std::move(request.parent_ends);
  if (!job.channel->post(std::move(event))) child->lose_environment();
  child->announced.store(true, std::memory_order_release);
  reaper_.watch(sequence, child);
}

void Runtime::kill_all() {
  for (const ChildPointer& child : registry_.everybody()) {
    if (!child->foreign && !child->handed_over.load()) child->kill_scope();
  }
}

int Runtime::attach(pid_t pid, std::uint64_t start_ticks, ScopeKind scope,
                    const std::shared_ptr<EventChannel>& channel, std::uint32_t id) {
  const int not_started = ensure_started();
  if (not_started < 0) return not_started;
  const PidfdAbilities abilities = pidfds();
  std::shared_ptr<UniqueFd> pidfd;
  if (abilities.open) {
    const int opened = sys::pidfd_open(pid, 0);
    if (opened < 0) return opened;
    pidfd = std::make_shared<UniqueFd>(above_stdio(opened));
  }
  // A thread's number, which pidfd_open answers with EINVAL, has an entry in /proc as well.
  const bool leads_threads = pidfd != nullptr || sys::tgkill(pid, pid, 0) != -ESRCH;
  // Read after the pidfd was opened: if the number had changed hands before, this is the new owner.
  ProcessEntry entry;
  const int found = find_process(pid, entry);
  if (found < 0) return found;
  if (!leads_threads) return -EINVAL;
  if (!entry.alive()) return -ESRCH;
  if (start_ticks != 0 && entry.start_ticks != start_ticks) return -ESRCH;

  const bool leads = entry.pgid == pid && pid != getpgrp();
  std::shared_ptr<Group> group;
  if (leads) {
    const bool by_pidfd = pidfd != nullptr && abilities.group_signal;
    group = std::make_shared<Group>(pid, pidfd, by_pidfd, entry.start_ticks);
    group->note_members();
  }
  Scope what;
  what.kind = scope;
  auto process = std::make_shared<ChildRecord>(pid, pidfd, abilities, group, leads, std::move(what),
                                               channel, id);
  process->foreign = true;
  process->identity = {entry.start_ticks, inode_of(pidfd.get())};
  const std::uint64_t sequence = registry_.add(process);
  Event event{};
  event.type = EventType::kSpawned;
  event.id = id;
  event.child = process;
  channel->post(std::move(event));
  process->announced.store(true, std::memory_order_release);
  reaper_.watch(sequence, process);
  return 0;
}

}  // namespace reapwell
