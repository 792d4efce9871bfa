// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include <npuwhisper/result.h>

#include "audio/log_mel.h"

namespace npuwhisper {

/// Incremental log-mel on the CPU. Appending audio computes only new frames, and the frames are
/// bit-identical however the audio is divided into pushes. A sample that is NaN, infinite or beyond
/// 1e9 in magnitude counts as 0. Otherwise, such a sample would invalidate every frame that
/// contains it.
///
/// The front end stores frames as log10 power. window() normalises the frames, because the clamp
/// depends on the window.
class MelFrontend final : public LogMel {
 public:
  /// Creates a front end and allocates all its memory. `capacity_frames`: maximum number of frames
  /// held at a time. Errors: InvalidArgument (n_mels, see MelFilterbank; capacity outside 1 to
  /// 360,000), Unavailable.
  static Result<std::unique_ptr<MelFrontend>> create(int n_mels, int capacity_frames);
  ~MelFrontend() override;

  std::size_t push(std::span<const float> pcm) override;
  std::size_t push(std::span<const std::int16_t> pcm) override;
  void finish() override;
  void reset() override;
  std::int64_t first_frame() const override;
  std::int64_t end_frame() const override;
  std::int64_t n_samples() const override;
  void discard_before(std::int64_t frame) override;
  /// As in LogMel, but never fails.
  Result<int> window(std::int64_t first, int n_heard, int n_frames, std::span<float> out) override;
  std::uint64_t bytes_copied() const override;

 private:
  template <typename Sample>
  std::size_t take(std::span<const Sample> pcm);

  struct State;
  explicit MelFrontend(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace npuwhisper
