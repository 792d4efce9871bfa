// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>

#include <npuwhisper/result.h>

#include "simd/isa.h"

namespace npuwhisper::cpu::onednn {

/// Limits oneDNN's code generator to `limit` and returns the CPU's best instruction set within the
/// limit. Must be called before any other use of oneDNN. Errors: Unsupported (oneDNN was used
/// before, with a higher limit).
Result<Isa> limit_isa(Isa limit);

/// Returns whether oneDNN uses instructions for products of 8-bit integers (AVX-512 VNNI), within
/// the limit of limit_isa().
bool has_vnni();

/// Returns oneDNN's version and instruction set, such as "oneDNN 2.6.3 avx512_core_bf16".
std::string describe();

/// While an object of this class exists, the OpenMP regions of oneDNN that the current thread
/// enters run only on this thread, because this library's thread pool already provides the
/// parallelism. The destructor restores the thread's previous setting, which belongs to the host
/// program.
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
