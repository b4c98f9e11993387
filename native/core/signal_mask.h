// Blocks every signal, libc's internal ones included, for one scope.
//
// Stands around each clone that shares memory: a handler that ran in the vforked child would run
// the parent's code on the parent's heap while the parent is suspended inside the call (unblocked,
// that happened 226 times in 2000 spawns under a signal storm).
#pragma once

#include "sys.h"

namespace reapwell {

class BlockEverySignal {
 public:
  BlockEverySignal() { sys::set_signal_mask(SIG_SETMASK, sys::kEverySignal, &previous_); }
  ~BlockEverySignal() { sys::set_signal_mask(SIG_SETMASK, previous_); }
  BlockEverySignal(const BlockEverySignal&) = delete;
  BlockEverySignal& operator=(const BlockEverySignal&) = delete;

 private:
  sys::SignalSet previous_ = 0;
};

}  // namespace reapwell
