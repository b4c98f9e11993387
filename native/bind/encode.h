// Native values as the numbers and arrays that src/native/ reads.
#pragma once

#include <napi.h>

#include <vector>

#include "../core/exit_info.h"
#include "../core/proc_table.h"

namespace reapwell {

// Writes known, code, signal, core dumped, has usage, and the usage: CPU times in milliseconds,
// sizes in bytes, the rest counts. Fourteen numbers.
void encode_exit(const ExitInfo& exit, double* out);

// One array of fields for each process.
Napi::Array encode_processes(Napi::Env env, const std::vector<ProcessEntry>& processes);

}  // namespace reapwell
