// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include <npuwhisper/result.h>

#include "device/device.h"

namespace npuwhisper {

/// Log-mel of whole windows on a device, prepared for a fixed number of mel bins and frames, and
/// shared by the streams of an engine. Thread-safe: runs one window at a time while other callers
/// wait.
class WindowMel {
 public:
  virtual ~WindowMel() = default;
  virtual const Plan& plan() const = 0;
  virtual int n_mels() const = 0;
  virtual int n_frames() const = 0;  ///< Frames in a window.

  /// Allocates memory for 16-bit samples, all zero, for use with run(). The caller owns the buffer
  /// and must destroy it before this object. Errors: DeviceError.
  virtual Result<std::unique_ptr<Buffer>> allocate_samples(std::size_t n_samples) = 0;

  /// Computes the log-mel of one window in one submission. Frame i consists of kFftSize samples of
  /// `samples`, from index first + i * kHop on. `samples` must come from allocate_samples() and
  /// hold the samples of all frames. `first` must be even. Writes
  /// (log10(max(power, 1e-10)) + 4) / 4 to `out`, which has shape [n_frames, n_mels]. Errors:
  /// Timeout, DeviceError.
  virtual Result<void> run(Buffer& samples, std::size_t first, std::span<float> out) = 0;
};

}  // namespace npuwhisper
