// Each topic adds its functions to the exports. Their signatures are declared once, in
// src/native/binding.ts; failures are returned as negative errno, never thrown.
#pragma once

#include <napi.h>

namespace reapwell {

void export_runtime(Napi::Env env, Napi::Object exports);
void export_spawn(Napi::Env env, Napi::Object exports);
void export_child(Napi::Env env, Napi::Object exports);
void export_scope(Napi::Env env, Napi::Object exports);
void export_posix(Napi::Env env, Napi::Object exports);
void export_journal(Napi::Env env, Napi::Object exports);
void export_processes(Napi::Env env, Napi::Object exports);

template <auto function>
void export_function(Napi::Env env, Napi::Object exports, const char* name) {
  exports.Set(name, Napi::Function::New<function>(env, name));
}

inline int int_argument(const Napi::CallbackInfo& info, size_t index) {
  return info[index].As<Napi::Number>().Int32Value();
}

inline std::uint32_t id_argument(const Napi::CallbackInfo& info, size_t index) {
  return info[index].As<Napi::Number>().Uint32Value();
}

inline Napi::Value to_number(const Napi::CallbackInfo& info, double value) {
  return Napi::Number::New(info.Env(), value);
}

}  // namespace reapwell
