// What this process does with pidfds: each ability by itself, since a kernel may be too old for one
// of them and a filter may refuse any. What is missing is done by number: see docs/kernels.md.
#pragma once

namespace reapwell {

struct PidfdAbilities {
  bool from_clone = false;    // a child's, made as it is cloned: Linux 5.2
  bool open = false;          // anybody's, by number: Linux 5.3
  bool poll = false;          // rings at the exit: Linux 5.3
  bool wait = false;          // waitid(P_PIDFD): Linux 5.4
  bool signal = false;        // pidfd_send_signal: Linux 5.1
  bool group_signal = false;  // PIDFD_SIGNAL_PROCESS_GROUP: Linux 6.9
  bool exit_status = false;   // PIDFD_INFO_EXIT: Linux 6.15
  bool handle = false;        // its file handle, made and opened again: Linux 6.14

  // A child can be held by one, from wherever it comes.
  bool of_children() const { return from_clone || open; }
  // Who is not our child can be awaited by one.
  bool of_anybody() const { return open && poll; }
};

}  // namespace reapwell
