#include "case.h"

#include <errno.h>
#include <signal.h>

#include <cstdio>
#include <cstring>
#include <utility>

#include "core/runtime.h"
#include "core/scope.h"

namespace reapwell::stress {
namespace {

std::string block_of(const std::vector<std::string>& strings) {
  std::string block;
  for (const std::string& string : strings) block.append(string).push_back('\0');
  return block;
}

}  // namespace

bool Case::start(const std::shared_ptr<EventChannel>& channel) {
  job_ = std::make_shared<SpawnJob>();
  job_->request.stdio.resize(3);
  prepare(job_->request);
  job_->channel = channel;
  job_->id = id_;
  const int error = Runtime::instance().submit(job_);
  if (error < 0) complain("submit failed");
  return error == 0;
}

void Case::run_program(SpawnRequest& request, std::vector<std::string> arguments) const {
  request.file = setting_.program;
  arguments.insert(arguments.begin(), "child");
  request.argv.assign(block_of(arguments));
  std::vector<std::string> environment{setting_.mark};
  if (!request.cookie.empty()) environment.push_back(request.cookie);
  request.env.assign(block_of(environment));
}

void Case::handle(Event& event) {
  switch (event.type) {
    case EventType::kSpawned:
      if (++spawned_ != 1 || failed_ != 0 || exited_ != 0) complain("spawned out of turn");
      child_ = event.child;
      on_spawned(event);
      break;
    case EventType::kSpawnFailed:
      if (++failed_ != 1 || spawned_ != 0) complain("failed out of turn");
      if (!expects_failure(event.step, event.value)) {
        char text[80];
        std::snprintf(text, sizeof text, "failed at step %d with %d", static_cast<int>(event.step),
                      event.value);
        complain(text);
      }
      break;
    case EventType::kExited:
      take_exit(event.exit);
      if (event.value == 0) break;
      [[fallthrough]];  // nobody was left: the same event tells of both
    case EventType::kEmpty:
      if (++empty_ != 1 || exited_ != 1) complain("empty out of turn");
      break;
    case EventType::kScopeEmpty:
      if (++scope_empty_ != 1 || exited_ != 1) complain("scope empty out of turn");
      break;
    case EventType::kOccupied:
      if (++occupied_ != 1 || exited_ != 1 || empty_ != 0) complain("occupied out of turn");
      break;
    case EventType::kStopped:
      on_stopped(event.value);
      break;
    case EventType::kContinued:
      on_continued();
      break;
    case EventType::kSwept:
      on_swept(event.value);
      break;
  }
}

void Case::take_exit(const ExitInfo& exit) {
  if (++exited_ != 1 || spawned_ != 1) complain("exited out of turn");
  if (!expects_exit(exit)) {
    char text[80];
    std::snprintf(text, sizeof text, "exited with code %d, signal %d, known %d", exit.code,
                  exit.signal, exit.known ? 1 : 0);
    complain(text);
  }
  if (child_ == nullptr) return;
  const Observation seen = child_->look();
  if (seen.sight != Sight::kExited || seen.exit.code != exit.code ||
      seen.exit.signal != exit.signal) {
    complain("a look contradicts the exit that was told");
  }
  if (child_->signal(SIGKILL) != -ESRCH) complain("could be signalled after its exit");
  on_exited();
}

bool Case::over() const {
  if (failed_ != 0) return true;
  if (exited_ == 0 || waits_for_more()) return false;
  if (child_ == nullptr) return true;
  const bool group_over = child_->group == nullptr || empty_ != 0;
  return group_over && (!child_->scope.wide() || scope_empty_ != 0);
}

void Case::end_what_is_known() {
  if (child_ == nullptr) return;
  if (child_->scope.wide()) signal_wide_scope(*child_, SIGKILL);
  if (child_->leads_group) child_->group->signal(SIGKILL);
  child_->signal(SIGKILL);
}

bool Case::expects_failure(SpawnStep, int) const { return false; }
void Case::on_stopped(int) { complain("stopped"); }
void Case::on_continued() { complain("continued"); }
void Case::on_swept(int) { complain("swept"); }

void Case::complain(const char* what) const { broken("%s: %s", describe().c_str(), what); }

std::string Case::describe() const {
  char text[200];
  std::snprintf(text, sizeof text,
                "%s %u (pid %d; spawned %d, failed %d, exited %d, occupied %d, empty %d, scope %d)",
                name(), id_, child_ == nullptr ? 0 : child_->pid, spawned_, failed_, exited_,
                occupied_, empty_, scope_empty_);
  return text;
}

}  // namespace reapwell::stress
