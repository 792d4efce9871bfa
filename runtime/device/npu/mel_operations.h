// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <npuwhisper/result.h>

#include "design/plan.h"

namespace npuwhisper::npu_device {

/// The host buffers of a log-mel run, in the order of its arguments. The power spectrum is never
/// transferred to the host.
enum MelArgument : int { kMelPacked, kMelPower, kMelSamples, kMelFeatures, kNMelArguments };

/// Whisper's log-mel of a window as operations of the array: spectra, then filters and logarithms.
struct MelOperations {
  std::vector<npu::Operation> operations{};
  int n_mels = 0;
  npu::HostMatrix features{};  ///< bf16, (log10(max(power, 1e-10)) + 4) / 4
  std::vector<int> rows{};     ///< Row of `features` for each frame.
  /// Size of each buffer in bytes. The size of kMelPacked is in the plan instead. The size of
  /// kMelSamples is the size of the part that one window reads.
  std::array<std::uint64_t, kNMelArguments> bytes{};
};

/// Creates the operations for windows of `n_frames` frames. Errors: Unsupported (no mel bins, no
/// frames, or frames that do not divide evenly among the core rows), InvalidArgument (too many
/// frames).
Result<MelOperations> make_mel_operations(const npu::DesignSpec& spec, int n_mels, int n_frames);

/// Fills the buffer kMelPacked with Whisper's Fourier matrix and mel filters. Errors:
/// InvalidArgument.
Result<void> pack_mel(const MelOperations& mel, const npu::Plan& plan, std::span<std::byte> packed);

/// Converts the features of a run to f32, frame by frame: out is [n_frames, n_mels].
void read_features(const MelOperations& mel, std::span<const std::byte> features,
                   std::span<float> out);

}  // namespace npuwhisper::npu_device
