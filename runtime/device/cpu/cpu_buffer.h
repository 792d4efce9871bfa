// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <span>

#include <npuwhisper/result.h>

#include "device/device.h"
#include "simd/aligned.h"

namespace npuwhisper::cpu {

/// A buffer in host memory. Its sync functions do nothing, because the CPU computes on that memory.
class CpuBuffer : public Buffer {
 public:
  explicit CpuBuffer(std::size_t n_bytes) : bytes_(n_bytes) {}
  std::span<std::byte> host() override { return {bytes_.data(), bytes_.size()}; }
  Result<void> sync_to_device() override { return {}; }
  Result<void> sync_from_device() override { return {}; }

 private:
  AlignedBytes bytes_;
};

}  // namespace npuwhisper::cpu
