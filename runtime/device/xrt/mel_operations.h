// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <npuwhisper/result.h>

#include "design/plan.h"

namespace npuwhisper::xdna {

/// The host buffers of a log-mel run, in the order of its arguments. Power stays on the device.
enum MelArgument : int { kMelPacked, kMelPower, kMelSamples, kMelFeatures, kNMelArguments };

/// Whisper's log-mel of a window as operations of the array: spectra, then filters and logarithms.
struct MelOperations {
  std::vector<npu::Operation> operations{};
  int n_mels = 0;
  npu::HostMatrix features{};  ///< bf16, (log10(max(power, 1e-10)) + 4) / 4
  std::vector<int> rows{};     ///< Of features, one for each frame.
  /// Of each buffer; kMelPacked is the plan's to say, kMelSamples what a window reads.
  std::array<std::uint64_t, kNMelArguments> bytes{};
};

/// Errors: Unsupported (frames that core rows do not share evenly).
Result<MelOperations> make_mel_operations(const npu::DesignSpec& spec, int n_mels, int n_frames);

/// Fills the buffer kMelPacked with Whisper's Fourier matrix and mel filters. Errors:
/// InvalidArgument.
Result<void> pack_mel(const MelOperations& mel, const npu::Plan& plan, std::span<std::byte> packed);

/// The features of a run as f32, frame by frame: out is [n_frames, n_mels].
void read_features(const MelOperations& mel, std::span<const std::byte> features,
                   std::span<float> out);

}  // namespace npuwhisper::xdna
