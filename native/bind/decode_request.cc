#include "decode_request.h"

#include <cmath>

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

void decode_plan(PlanReader& plan, SpawnRequest& out) {
  out.group_mode = static_cast<GroupMode>(plan.integer());
  out.join_pgid = plan.integer();
  out.parent_death_signal = plan.integer();
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

  const size_t stdio = plan.count();
  for (size_t i = 0; i < stdio && plan.ok(); i++) {
    StdioEntry entry;
    entry.kind = static_cast<StdioEntry::Kind>(plan.integer());
    entry.fd = plan.integer();
    out.stdio.push_back(entry);
  }
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

}  // namespace

bool decode_request(const Napi::CallbackInfo& info, size_t first, SpawnRequest& out) {
  if (info.Length() < first + 5 || !info[first].IsString() || !info[first + 1].IsString() ||
      !info[first + 2].IsString() || !info[first + 4].IsTypedArray()) {
    return false;
  }
  out.file = info[first].As<Napi::String>().Utf8Value();
  out.argv.assign(info[first + 1].As<Napi::String>().Utf8Value());
  out.env.assign(info[first + 2].As<Napi::String>().Utf8Value());
  out.has_cwd = info[first + 3].IsString();
  if (out.has_cwd) out.cwd = info[first + 3].As<Napi::String>().Utf8Value();
  PlanReader plan(info[first + 4].As<Napi::Float64Array>());
  decode_plan(plan, out);
  return plan.ok() && out.stdio.size() >= 3;
}

}  // namespace reapwell
