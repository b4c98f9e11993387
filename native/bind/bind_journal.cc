// What the journal needs of the kernel: a lock, names that outlive us, and who carries a cookie.
#include <errno.h>

#include <algorithm>

#include "../core/cookie.h"
#include "../core/pid_handle.h"
#include "../core/proc_table.h"
#include "encode.h"
#include "environment.h"
#include "topics.h"

namespace reapwell {
namespace {

// (path, holder): the lock's id, or a negative errno.
Napi::Value lock_file(const Napi::CallbackInfo& info) {
  std::unique_ptr<FileLock> lock;
  pid_t holder = 0;
  const int error = FileLock::acquire(info[0].As<Napi::String>().Utf8Value(), lock, &holder);
  info[1].As<Napi::Int32Array>().Data()[0] = holder;
  if (error < 0) return to_number(info, error);
  return to_number(info, Environment::of(info.Env()).add_lock(std::move(lock)));
}

// (lock)
Napi::Value unlock_file(const Napi::CallbackInfo& info) {
  Environment::of(info.Env()).drop_lock(id_argument(info, 0));
  return info.Env().Undefined();
}

// (id): of a child of this environment.
Napi::Value process_handle(const Napi::CallbackInfo& info) {
  ChildRecord* child = Environment::of(info.Env()).find_child(id_argument(info, 0));
  const bool has = child != nullptr && child->pidfd != nullptr && child->pidfd->valid();
  return Napi::String::New(info.Env(), has ? handle_of_pidfd(child->pidfd->get()) : std::string());
}

// (handle): 1 there, 0 gone, -1 unknown.
Napi::Value look_at(const Napi::CallbackInfo& info) {
  switch (look_at_handle(info[0].As<Napi::String>().Utf8Value())) {
    case HandleState::kThere:
      return to_number(info, 1);
    case HandleState::kGone:
      return to_number(info, 0);
    case HandleState::kUnknown:
      break;
  }
  return to_number(info, -1);
}

// (cookie)
Napi::Value name_at_birth(const Napi::CallbackInfo& info) {
  return Napi::String::New(info.Env(), birth_name(info[0].As<Napi::String>().Utf8Value()));
}

// The live processes. Thousands of files are read: not on the event loop.
class CookieListing : public Napi::AsyncWorker {
 public:
  explicit CookieListing(Napi::Env env)
      : Napi::AsyncWorker(env), deferred_(Napi::Promise::Deferred::New(env)) {}
  Napi::Promise promise() const { return deferred_.Promise(); }

 protected:
  void Execute() override {
    listed_ = list_processes(processes_);
    if (!listed_) return;
    processes_.erase(std::remove_if(processes_.begin(), processes_.end(),
                                    [](const ProcessEntry& entry) { return !entry.alive(); }),
                     processes_.end());
    cookies_.resize(processes_.size());
    readings_.resize(processes_.size());
    for (size_t i = 0; i < processes_.size(); i++) {
      readings_[i] = read_cookies(processes_[i], cookies_[i]);
    }
  }

  void OnOK() override {
    const Napi::Env env = Env();
    if (!listed_) return deferred_.Resolve(env.Null());
    Napi::Array all = encode_processes(env, processes_);
    for (uint32_t i = 0; i < processes_.size(); i++) {
      Napi::Array fields = Napi::Array::New(env, 2);
      fields.Set(0u, all.Get(i));
      if (readings_[i] == CookieReading::kRead) {
        fields.Set(1u, Napi::String::New(env, cookies_[i]));
      } else if (readings_[i] == CookieReading::kUnreadable) {
        fields.Set(1u, env.Null());
      }
      all.Set(i, fields);
    }
    deferred_.Resolve(all);
  }

 private:
  Napi::Promise::Deferred deferred_;
  bool listed_ = false;
  std::vector<ProcessEntry> processes_;
  std::vector<std::string> cookies_;
  std::vector<CookieReading> readings_;
};

Napi::Value list_cookies(const Napi::CallbackInfo& info) {
  auto* listing = new CookieListing(info.Env());  // deletes itself
  const Napi::Promise promise = listing->promise();
  listing->Queue();
  return promise;
}

}  // namespace

void export_journal(Napi::Env env, Napi::Object exports) {
  export_function<lock_file>(env, exports, "lockFile");
  export_function<unlock_file>(env, exports, "unlockFile");
  export_function<process_handle>(env, exports, "processHandle");
  export_function<look_at>(env, exports, "lookAtHandle");
  export_function<name_at_birth>(env, exports, "birthName");
  export_function<list_cookies>(env, exports, "listCookies");
}

}  // namespace reapwell
