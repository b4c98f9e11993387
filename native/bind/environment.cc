#include "environment.h"

#include "../core/sys.h"
#include "encode.h"

namespace reapwell {
namespace {

constexpr size_t kSlot = 18;  // doubles an event; the layout is src/native/events.ts's

}  // namespace

class Environment::Channel : public EventChannel {
 public:
  explicit Channel(WakeFunction wake) : wake_(wake) {}

 protected:
  // Under the channel's lock, so never after close(). The queue is unbounded: the call can't block.
  void wake() override { wake_.NonBlockingCall(); }

 private:
  WakeFunction wake_;
};

void Environment::connect(Napi::Env env, Napi::Function callback, Napi::Float64Array buffer) {
  buffer_ = Napi::Persistent(buffer);
  wake_ = WakeFunction::New(env, callback, "reapwell", 0, 1, this);
  wake_.Unref(env);
  channel_ = std::make_shared<Channel>(wake_);
  // After the function was made: hooks run last in, first out, so the channel is closed while the
  // function still exists, and no native thread touches it afterwards.
  // No JavaScript runs in a worker that is terminated: this is where its children are ended. A
  // start under way is seen to by its spawner, which lives on and finds the channel closed.
  env.AddCleanupHook(
      [](Environment* self) {
        self->end_children(0);
        self->channel_->close();
      },
      this);
}

void Environment::keep_loop_alive(Napi::Env env, bool on) {
  if (on) {
    wake_.Ref(env);
  } else {
    wake_.Unref(env);
  }
}

SpawnJob* Environment::find_job(std::uint32_t id) {
  const auto found = jobs_.find(id);
  return found == jobs_.end() ? nullptr : found->second.get();
}

std::shared_ptr<SpawnJob> Environment::take_prepared(std::uint32_t id) {
  const auto found = prepared_.find(id);
  if (found == prepared_.end()) return nullptr;
  std::shared_ptr<SpawnJob> job = std::move(found->second);
  prepared_.erase(found);
  return job;
}

void Environment::end_children(std::int64_t patience_ns) {
  std::vector<SpawnJob*> undone;
  for (const auto& [id, job] : jobs_) {
    if (!job->ends_with_environment) continue;
    job->control.cancel();
    undone.push_back(job.get());
  }
  // The spawners undo what has started, if it comes to that before the process has ended. However
  // many there are that hang, they are waited for once.
  const std::int64_t deadline = sys::monotonic_ns() + patience_ns;
  for (const SpawnJob* job : undone) job->control.await_finish(deadline);
  channel_->lose_untold();
  for (const Event& event : drained_) {
    if (event.child != nullptr) event.child->lose_environment();
  }
  for (const auto& [id, child] : children_) child->lose_environment();
}

void Environment::cancel_jobs() {
  for (const auto& [id, job] : jobs_) job->control.cancel();
}

ChildRecord* Environment::find_child(std::uint32_t id) {
  const auto found = children_.find(id);
  return found == children_.end() ? nullptr : found->second.get();
}

std::shared_ptr<ChildRecord> Environment::share_child(std::uint32_t id) {
  const auto found = children_.find(id);
  return found == children_.end() ? nullptr : found->second;
}

std::vector<int> Environment::lend_descriptors(std::uint32_t id) {
  std::vector<int> numbers;
  const auto found = descriptors_.find(id);
  if (found == descriptors_.end()) return numbers;
  for (UniqueFd& descriptor : found->second) {
    const int fd = descriptor.get();
    numbers.push_back(fd);
    lent_[fd] = std::move(descriptor);
  }
  descriptors_.erase(found);
  return numbers;
}

UniqueFd Environment::take_descriptor(int fd) {
  UniqueFd taken;
  const auto found = lent_.find(fd);
  if (found == lent_.end()) return taken;
  taken = std::move(found->second);
  lent_.erase(found);
  return taken;
}

void Environment::forget(std::uint32_t id) {
  children_.erase(id);
  descriptors_.erase(id);
}

std::uint32_t Environment::add_lock(std::unique_ptr<FileLock> lock) {
  locks_[++last_lock_] = std::move(lock);
  return last_lock_;
}

void Environment::on_wake(Napi::Env env, Napi::Function callback, Environment* self, void*) {
  // Without an environment: a call that was queued when it began to die.
  if (static_cast<napi_env>(env) == nullptr) return;
  self->deliver(env, callback);
}

void Environment::deliver(Napi::Env env, Napi::Function callback) {
  channel_->drain(drained_);
  Napi::HandleScope scope(env);
  Napi::Float64Array buffer = buffer_.Value();
  const size_t capacity = buffer.ElementLength() / kSlot;
  for (size_t next = 0; next < drained_.size();) {
    const size_t first = next;
    for (; next - first < capacity && next < drained_.size(); next++) {
      encode(drained_[next], buffer.Data() + (next - first) * kSlot);
    }
    if (!call(env, callback, next - first, first == 0)) {
      abandon_untold(first, next);
      break;
    }
  }
  drained_.clear();
}

// False: JavaScript can't run here any more. An exception is the program's uncaught one, as it
// would be in a callback of Node's own (Node only warns of it if it is left to Node-API), and must
// not keep the other events from being told.
//
// Not Function::Call: in a worker that is being terminated the call fails with nothing to be
// thrown, and what node-addon-api does then ends the process.
bool Environment::call(Napi::Env env, Napi::Function callback, size_t count, bool first) {
  const napi_value arguments[] = {Napi::Number::New(env, static_cast<double>(count)),
                                  Napi::Boolean::New(env, first)};
  if (napi_call_function(env, env.Undefined(), callback, 2, arguments, nullptr) == napi_ok) {
    return true;
  }
  bool pending = false;
  napi_value exception;
  return napi_is_exception_pending(env, &pending) == napi_ok && pending &&
         napi_get_and_clear_last_exception(env, &exception) == napi_ok &&
         napi_fatal_exception(env, exception) == napi_ok;
}

// The events from `first` on could not be told; those before `next` are encoded already. Nobody
// comes to own the children that JavaScript was never told of.
void Environment::abandon_untold(size_t first, size_t next) {
  for (size_t i = first; i < drained_.size(); i++) {
    const Event& event = drained_[i];
    if (event.type != EventType::kSpawned) continue;
    ChildRecord* child = i < next ? find_child(event.id) : event.child.get();
    if (child != nullptr) child->lose_environment();
  }
}

void Environment::encode(Event& event, double* slot) {
  slot[0] = static_cast<double>(event.type);
  slot[1] = event.id;
  switch (event.type) {
    case EventType::kSpawned:
      slot[2] = event.child->pid;
      slot[3] = static_cast<double>(event.child->identity.start_ticks);
      slot[4] = static_cast<double>(event.child->identity.inode);
      slot[5] = event.child->leads_group ? 1 : 0;
      jobs_.erase(event.id);
      if (!event.descriptors.empty()) descriptors_[event.id] = std::move(event.descriptors);
      children_[event.id] = std::move(event.child);
      break;
    case EventType::kSpawnFailed:
      slot[2] = static_cast<double>(event.step);
      slot[3] = event.value;
      jobs_.erase(event.id);
      break;
    case EventType::kExited:
      encode_exit(event.exit, slot + 2);
      slot[16] = static_cast<double>(event.seen_ns) / 1e6;
      slot[17] = event.value;
      break;
    case EventType::kStopped:
    case EventType::kScopeEmpty:
    case EventType::kSwept:
      slot[2] = event.value;
      break;
    case EventType::kContinued:
    case EventType::kOccupied:
    case EventType::kEmpty:
      break;
  }
}

}  // namespace reapwell
