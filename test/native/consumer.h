// Stands for a JavaScript environment: starts cases, is told what becomes of them through a channel
// of its own, and ends either when all are over or in the middle of them.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "case.h"
#include "core/event_channel.h"
#include "core/thread.h"
#include "hosts.h"
#include "observers.h"

namespace reapwell::stress {

class Channel : public EventChannel {
 public:
  // The consumer's thread.
  void wait_until(std::int64_t deadline_ns);

 protected:
  void wake() override;

 private:
  Mutex mutex_;
  Condition woken_;
  bool rung_ = false;  // guarded by mutex_
};

class Consumer {
 public:
  Consumer(const Setting& setting, Hosts& hosts, Observers& observers, std::uint64_t seed,
           std::uint64_t stream);

  // Starts cases until then, `at_once` at a time, and ends when all are over. Returns how many.
  int run_until(std::int64_t deadline_ns, int at_once);
  // Starts `cases`, heeds events for a moment and then dies. Returns how many it started.
  int run_and_die(int cases);

 private:
  void start_one();
  void heed();
  void report_stuck();

  const Setting& setting_;
  Hosts& hosts_;
  Observers& observers_;
  Random random_;
  std::shared_ptr<Channel> channel_ = std::make_shared<Channel>();
  std::map<std::uint32_t, std::unique_ptr<Case>> cases_;
  std::vector<Event> events_;
  std::uint32_t next_id_ = 1;
};

}  // namespace reapwell::stress
