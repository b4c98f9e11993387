// What is put in place around the clone of a child, and taken back after it.
#pragma once

#include <sys/prctl.h>

#include <string>

#include "cookie.h"
#include "spawn_request.h"
#include "thread.h"

namespace reapwell {

// A changed uid or gid in the child clears the "dumpable" flag of the memory that we share with it,
// which would leave *our* /proc files root's and our core dumps off (commit_creds in
// kernel/cred.c). It protects the child until its exec, so it is put back only afterwards: by the
// last of the launches that overlap, to what the first one found.
class KeepDumpable {
 public:
  explicit KeepDumpable(const SpawnRequest& request)
      : concerned_(request.has_uid || request.has_gid) {
    if (!concerned_) return;
    Lock lock(mutex());
    if (depth()++ == 0) saved() = prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);
  }
  ~KeepDumpable() {
    if (!concerned_) return;
    Lock lock(mutex());
    if (--depth() == 0 && saved() == 1) prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
  }
  KeepDumpable(const KeepDumpable&) = delete;
  KeepDumpable& operator=(const KeepDumpable&) = delete;

 private:
  static Mutex& mutex() {
    static Mutex instance;  // guards depth() and saved()
    return instance;
  }
  static int& depth() {
    static int value = 0;
    return value;
  }
  static int& saved() {
    static int value = 1;
    return value;
  }
  bool concerned_;
};

// A child is named after the thread that clones it until its exec. So one with a cookie can be told
// by its name (birth_name) until its environment tells it, and at no moment is it unmarked.
class NamedForBirth {
 public:
  explicit NamedForBirth(const std::string& cookie) : named_(!cookie.empty()) {
    if (!named_) return;
    prctl(PR_GET_NAME, previous_, 0, 0, 0);
    prctl(PR_SET_NAME, birth_name(cookie).c_str(), 0, 0, 0);
  }
  ~NamedForBirth() {
    if (named_) prctl(PR_SET_NAME, previous_, 0, 0, 0);
  }
  NamedForBirth(const NamedForBirth&) = delete;
  NamedForBirth& operator=(const NamedForBirth&) = delete;

 private:
  bool named_;
  char previous_[16] = {};
};

}  // namespace reapwell
