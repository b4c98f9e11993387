#include "decode_request.h"

#include <unistd.h>

#include <cmath>
#include <cstring>

#include "../core/cookie.h"

namespace reapwell {
namespace {

// Reads the plan front to back; past its end everything reads as zero and ok() turns false.
class PlanReader {
 public:
  explicit PlanReader(const Napi::Float64Array& plan)
      : data_(plan.Data()), length_(plan.ElementLength()) {}

  double number() {
    if (next_ >= length_) {
      ok_ = false;
      return 0;
    }
    return data_[next_++];
  }
  int integer() {
    const double value = number();
    if (!(value >= -2147483648.0 && value <= 4294967295.0)) ok_ = false;
    return ok_ ? static_cast<int>(static_cast<std::int64_t>(value)) : 0;
  }
  size_t count() {
    const int value = integer();
    if (value < 0 || static_cast<size_t>(value) > length_) ok_ = false;
    return ok_ ? static_cast<size_t>(value) : 0;
  }
  bool ok() const { return ok_; }

 private:
  const double* data_;
  size_t length_;
  size_t next_ = 0;
  bool ok_ = true;
};

rlim_t to_limit(double value) {
  return std::isinf(value) ? RLIM_INFINITY : static_cast<rlim_t>(value);
}

// `files`: the paths of the entries that are files, in stdio order.
void decode_stdio(PlanReader& plan, char* const* files, SpawnRequest& out) {
  const size_t stdio = plan.count();
  for (size_t i = 0; i < stdio && plan.ok(); i++) {
    StdioEntry entry;
    entry.kind = static_cast<StdioEntry::Kind>(plan.integer());
    entry.fd = plan.integer();
    const bool file =
        entry.kind == StdioEntry::Kind::kFile || entry.kind == StdioEntry::Kind::kFileAppend;
    if (file && *files != nullptr) entry.path = *files++;
    out.stdio.push_back(entry);
  }
}

void decode_plan(PlanReader& plan, SpawnRequest& out) {
  out.scope_kind = static_cast<ScopeKind>(plan.integer());
  out.group_mode = static_cast<GroupMode>(plan.integer());
  out.join_pgid = plan.integer();
  out.parent_death_signal = plan.integer();
  out.ends_with_environment = plan.integer() != 0;
  const double uid = plan.number();
  out.has_uid = uid >= 0;
  if (out.has_uid) out.uid = static_cast<uid_t>(uid);
  const double gid = plan.number();
  out.has_gid = gid >= 0;
  if (out.has_gid) out.gid = static_cast<gid_t>(gid);
  out.umask = plan.integer();
  const double nice = plan.number();
  out.has_nice = !std::isnan(nice);
  if (out.has_nice) out.nice = static_cast<int>(nice);
  const double oom_score_adj = plan.number();
  out.has_oom_score_adj = !std::isnan(oom_score_adj);
  if (out.has_oom_score_adj) out.oom_score_adj = static_cast<int>(oom_score_adj);
  out.no_new_privileges = plan.integer() != 0;
  out.shell_for_scripts = plan.integer() != 0;

  out.has_groups = plan.integer() != 0;
  const size_t groups = plan.count();
  for (size_t i = 0; i < groups && plan.ok(); i++) {
    out.groups.push_back(static_cast<gid_t>(plan.number()));
  }
  const size_t limits = plan.count();
  for (size_t i = 0; i < limits && plan.ok(); i++) {
    ResourceLimit limit{};
    limit.resource = plan.integer();
    limit.limit.rlim_cur = to_limit(plan.number());
    limit.limit.rlim_max = to_limit(plan.number());
    out.limits.push_back(limit);
  }
}

void decode_cgroup(char* const* at, SpawnRequest& out) {
  if (*at == nullptr) return;
  out.cgroup_parent = *at++;
  if (*at == nullptr) return;
  out.cgroup_name = *at++;
  for (; at[0] != nullptr && at[1] != nullptr; at += 2) {
    out.cgroup_settings.emplace_back(at[0], at[1]);
  }
}

// A supervisor within a tree adds its own cookie behind the one that it inherited. A cookie that
// was only inherited names somebody else's tree.
std::string own_cookie(const StringBlock& env) {
  const char* value = env.find_variable("REAPWELL_COOKIE");
  const std::string cookies = value == nullptr ? "" : value;
  const size_t comma = cookies.rfind(',');
  const std::string last = comma == std::string::npos ? cookies : cookies.substr(comma + 1);
  return last.compare(0, cookie_prefix().size(), cookie_prefix()) == 0 ? last : std::string();
}

// Text, or bytes where they are not UTF-8, or our own.
std::string environment_block(const Napi::Value& env) {
  if (env.IsString()) return env.As<Napi::String>().Utf8Value();
  if (!env.IsTypedArray()) return own_environment();
  const auto bytes = env.As<Napi::Uint8Array>();
  return {reinterpret_cast<const char*>(bytes.Data()), bytes.ByteLength()};
}

}  // namespace

std::string own_environment() {
  size_t length = 0;
  for (char** at = environ; at != nullptr && *at != nullptr; at++) length += std::strlen(*at) + 1;
  std::string block;
  block.reserve(length);
  for (char** at = environ; at != nullptr && *at != nullptr; at++) {
    block.append(*at, std::strlen(*at) + 1);
  }
  return block;
}

bool decode_request(const Napi::CallbackInfo& info, size_t first, SpawnRequest& out) {
  const auto is_text = [&](size_t index) { return info[first + index].IsString(); };
  const auto text = [&](size_t index) {
    return info[first + index].As<Napi::String>().Utf8Value();
  };
  if (info.Length() < first + 7 || !is_text(0) || !is_text(1) || !is_text(4) || !is_text(5) ||
      !info[first + 6].IsTypedArray()) {
    return false;
  }
  out.file = text(0);
  out.argv.assign(text(1));
  out.env.assign(environment_block(info[first + 2]));
  out.has_cwd = is_text(3);
  if (out.has_cwd) out.cwd = text(3);
  StringBlock files;
  files.assign(text(4));
  StringBlock cgroup;
  cgroup.assign(text(5));
  decode_cgroup(cgroup.pointers(), out);
  PlanReader plan(info[first + 6].As<Napi::Float64Array>());
  decode_stdio(plan, files.pointers(), out);
  decode_plan(plan, out);
  out.cookie = own_cookie(out.env);
  // An empty cookie would be found in everybody's environment.
  const bool has_cookie = out.scope_kind != ScopeKind::kTree || !out.cookie.empty();
  return plan.ok() && out.stdio.size() >= 3 && has_cookie;
}

}  // namespace reapwell
