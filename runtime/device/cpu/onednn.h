// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>

#include <npuwhisper/result.h>

#include "device/cpu/isa.h"

namespace npuwhisper::cpu::onednn {

/// Limits oneDNN's code generator to `limit` and returns the best instruction set within it that
/// the CPU has. Call before any other use of oneDNN. Errors: Unsupported (oneDNN was used before,
/// with a higher limit).
Result<Isa> limit_isa(Isa limit);

/// Returns oneDNN's version and instruction set: "oneDNN 2.6.3 avx512_core_bf16".
std::string describe();

/// During its lifetime, oneDNN's OpenMP regions that this thread enters run only on this thread:
/// our pool is the only source of parallelism. The destructor restores the thread's previous
/// setting, which belongs to the host program.
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
