// Takes SIGCHLD over for a signalfd, and hands it on.
//
// A signalfd sees a signal only while every thread blocks it: one thread that does not (V8's
// workers don't) takes it first. So the claim blocks SIGCHLD in every thread of the process, once,
// and later threads inherit that. Nobody may notice: relay() lets whichever handler is installed
// run.
#pragma once

#include <sys/signalfd.h>

#include <cstdint>

namespace reapwell {

enum class ClaimResult : int {
  kClaimed = 0,
  kNoProc = 1,         // threads can't be listed
  kNoSignal = 2,       // every real-time signal is in use
  kThreadRefused = 3,  // a thread blocks the sweep's signal, or did not run in time
  kTakenByOther = 4,   // another copy of this library in this process has it
  kNoDescriptor = 5,   // no signalfd can be made
};

// Runs on the thread that reads the signalfd, which must block all signals. The signalfd must be
// there already: after kThreadRefused some threads block SIGCHLD and some don't, and one that comes
// while those don't run has nobody else to take it. May take as long as `patience_ns` if a thread
// does not run (it is in a vfork, or in state D); the event loop is not involved. `held`: the claim
// was made already, and is looked after.
ClaimResult claim_sigchld(std::int64_t patience_ns, bool held);

// Runs on the claiming thread: delivers one SIGCHLD that signalfd took, with its original siginfo,
// to the handler that is installed now (libuv's, or a program's), on this thread. Nothing is done
// while the disposition is default or ignore.
//
// SIGCHLD is unblocked for an instant, so another one that arrives just then goes to the handler
// and not to the signalfd: scan the children after the last relay.
void relay_sigchld(const signalfd_siginfo& record);

}  // namespace reapwell
