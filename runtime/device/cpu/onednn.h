// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>

#include <npuwhisper/result.h>

#include "device/cpu/isa.h"

namespace npuwhisper::cpu::onednn {

/// Limits oneDNN's code generator to `limit` and returns what CPU and limit leave. Call before any other use of oneDNN.
Result<Isa> limit_isa(Isa limit);

/// "oneDNN 2.6.3 avx512_core_bf16", as oneDNN sees itself now.
std::string describe();

/// While it lives, oneDNN's OpenMP regions that this thread enters run on this thread alone: our pool is the only
/// source of parallelism. Restores the thread's own setting, which belongs to the host program.
class SingleThreaded {
 public:
  SingleThreaded();
  ~SingleThreaded();
  SingleThreaded(const SingleThreaded&) = delete;
  SingleThreaded& operator=(const SingleThreaded&) = delete;

 private:
  int before_;
};

}  // namespace npuwhisper::cpu::onednn
