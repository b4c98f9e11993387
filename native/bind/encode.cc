#include "encode.h"

namespace reapwell {
namespace {

double milliseconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) * 1000 + static_cast<double>(time.tv_usec) / 1000;
}

void encode_usage(const struct rusage& usage, double* out) {
  out[0] = milliseconds(usage.ru_utime);
  out[1] = milliseconds(usage.ru_stime);
  out[2] = static_cast<double>(usage.ru_maxrss) * 1024;
  out[3] = static_cast<double>(usage.ru_minflt);
  out[4] = static_cast<double>(usage.ru_majflt);
  out[5] = static_cast<double>(usage.ru_inblock) * 512;
  out[6] = static_cast<double>(usage.ru_oublock) * 512;
  out[7] = static_cast<double>(usage.ru_nvcsw);
  out[8] = static_cast<double>(usage.ru_nivcsw);
}

}  // namespace

void encode_exit(const ExitInfo& exit, double* out) {
  out[0] = exit.known ? 1 : 0;
  out[1] = exit.code;
  out[2] = exit.signal;
  out[3] = exit.core_dumped ? 1 : 0;
  out[4] = exit.has_usage ? 1 : 0;
  encode_usage(exit.usage, out + 5);
}

Napi::Array encode_processes(Napi::Env env, const std::vector<ProcessEntry>& processes) {
  Napi::Array out = Napi::Array::New(env, processes.size());
  for (size_t i = 0; i < processes.size(); i++) {
    const ProcessEntry& process = processes[i];
    Napi::Array fields = Napi::Array::New(env, 7);
    fields.Set(0u, Napi::Number::New(env, process.pid));
    fields.Set(1u, Napi::Number::New(env, process.ppid));
    fields.Set(2u, Napi::Number::New(env, process.pgid));
    fields.Set(3u, Napi::Number::New(env, process.sid));
    fields.Set(4u, Napi::String::New(env, &process.state, 1));
    fields.Set(5u, Napi::String::New(env, process.command));
    fields.Set(6u, Napi::Number::New(env, static_cast<double>(process.start_ticks)));
    out.Set(static_cast<uint32_t>(i), fields);
  }
  return out;
}

}  // namespace reapwell
