// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include <npuwhisper/result.h>

#include "device/device.h"

namespace npuwhisper {

/// Log-mel of whole windows on a device, prepared for a number of mel bins and of frames; shared by
/// the streams of an engine. Thread-safe: one window at a time, others wait.
class WindowMel {
 public:
  virtual ~WindowMel() = default;
  virtual const Plan& plan() const = 0;
  virtual int n_mels() const = 0;
  virtual int n_frames() const = 0;  ///< Of a window.

  /// Memory for 16-bit samples, all zero, that run() reads.
  virtual Result<std::unique_ptr<Buffer>> allocate_samples(std::size_t n_samples) = 0;

  /// A window as one submission. Frame i is samples [first + i * kHop, + kFftSize) of `samples`,
  /// which allocate_samples() made and which holds all of them; `first` is even. Writes (log10(max(
  /// power, 1e-10)) + 4) / 4 to out, [n_frames, n_mels]. Errors: Timeout, DeviceError.
  virtual Result<void> run(Buffer& samples, std::size_t first, std::span<float> out) = 0;
};

}  // namespace npuwhisper
