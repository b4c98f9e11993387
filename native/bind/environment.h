// What one JavaScript environment (the main thread, or one worker) keeps of the addon: nothing is
// static, so that any number of environments can come and go. All of it belongs to the
// environment's own thread; other threads reach it only through its EventChannel.
#pragma once

#include <napi.h>

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "../core/child_record.h"
#include "../core/event_channel.h"
#include "../core/file_lock.h"
#include "../core/spawner.h"

namespace reapwell {

class Environment {
 public:
  static Environment& of(Napi::Env env) { return *env.GetInstanceData<Environment>(); }

  // Connects the channel to `callback(count, first)`, which reads the events from `buffer`;
  // `first`: not the rest of what did not fit into it the last time.
  void connect(Napi::Env env, Napi::Function callback, Napi::Float64Array buffer);
  bool connected() const { return channel_ != nullptr; }
  void keep_loop_alive(Napi::Env env, bool on);
  std::shared_ptr<EventChannel> channel() const { return channel_; }

  // What a call has named, held until its start is submitted; nullptr if it was already.
  void add_prepared(std::shared_ptr<SpawnJob> job) { prepared_[job->id] = std::move(job); }
  std::shared_ptr<SpawnJob> take_prepared(std::uint32_t id);
  void add_job(std::uint32_t id, std::shared_ptr<SpawnJob> job) { jobs_[id] = std::move(job); }
  SpawnJob* find_job(std::uint32_t id);
  // At the environment's end: its children, and the starts under way, are ended or left, as was
  // said of each. `patience_ns`: how long all of those starts together may take to be undone.
  void end_children(std::int64_t patience_ns);
  // Calls off every start under way.
  void cancel_jobs();
  ChildRecord* find_child(std::uint32_t id);
  std::shared_ptr<ChildRecord> share_child(std::uint32_t id);
  // The child's pipes: ours, so that they end with the environment, until they are taken.
  std::vector<int> lend_descriptors(std::uint32_t id);
  UniqueFd take_descriptor(int fd);
  void forget(std::uint32_t id);

  // Locks that end with the environment at the latest.
  std::uint32_t add_lock(std::unique_ptr<FileLock> lock);
  void drop_lock(std::uint32_t id) { locks_.erase(id); }

 private:
  class Channel;
  static void on_wake(Napi::Env env, Napi::Function callback, Environment* self, void* nothing);
  using WakeFunction = Napi::TypedThreadSafeFunction<Environment, void, on_wake>;

  void deliver(Napi::Env env, Napi::Function callback);
  static bool call(Napi::Env env, Napi::Function callback, size_t count, bool first);
  void abandon_untold(size_t first, size_t next);
  void encode(Event& event, double* slot);

  std::shared_ptr<EventChannel> channel_;
  WakeFunction wake_;
  Napi::Reference<Napi::Float64Array> buffer_;
  std::vector<Event> drained_;
  std::unordered_map<std::uint32_t, std::shared_ptr<SpawnJob>> prepared_;
  std::unordered_map<std::uint32_t, std::shared_ptr<SpawnJob>>
      jobs_;  // submitted, until spawned or failed
  std::unordered_map<std::uint32_t, std::shared_ptr<ChildRecord>> children_;
  std::unordered_map<std::uint32_t, std::vector<UniqueFd>> descriptors_;
  std::unordered_map<int, UniqueFd> lent_;
  std::unordered_map<std::uint32_t, std::unique_ptr<FileLock>> locks_;
  std::uint32_t last_lock_ = 0;
};

}  // namespace reapwell
