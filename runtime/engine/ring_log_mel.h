// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include <npuwhisper/result.h>

#include "audio/log_mel.h"
#include "engine/sample_ring.h"

namespace npuwhisper {

/// Log-mel computed by a device that reads the samples in place. All frames of a window are
/// computed together when the window is requested. Samples that were pushed from the ring stay in
/// the ring as long as they are contiguous. After a break, all samples are copied to the ring's
/// store, where they are contiguous. Copying ends when no window needs samples from before the
/// break any more. Samples from memory outside the ring are first written to the ring. Floats are
/// rounded to 16 bits. Reentrant.
class RingLogMel final : public LogMel {
 public:
  /// Creates a log-mel that reads from `ring`. `capacity_frames`: maximum number of frames held at
  /// a time. It must be at least the number of frames in a window, and at most
  /// SampleRing::kSpareFrames more. Errors: InvalidArgument.
  static Result<std::unique_ptr<LogMel>> create(std::shared_ptr<SampleRing> ring,
                                                int capacity_frames);
  ~RingLogMel() override;

  std::size_t push(std::span<const float> pcm) override;
  std::size_t push(std::span<const std::int16_t> pcm) override;
  void finish() override;
  void reset() override;
  std::int64_t first_frame() const override { return first_frame_; }
  std::int64_t end_frame() const override;
  std::int64_t n_samples() const override { return n_samples_; }
  void discard_before(std::int64_t frame) override;
  /// `n_frames` must be the number of frames in the device's window. Errors: InvalidArgument, and
  /// those of LogMel::window().
  Result<int> window(std::int64_t first, int n_heard, int n_frames, std::span<float> out) override;
  std::uint64_t bytes_copied() const override { return bytes_copied_; }

 private:
  RingLogMel(std::shared_ptr<SampleRing> ring, int capacity_frames);

  std::size_t room(std::size_t n_wanted) const;
  template <typename Sample>
  std::size_t write(std::span<const Sample> pcm);
  void append(std::int64_t position, std::span<const std::int16_t> pcm);
  void move_to_store();
  void store(std::span<const std::int16_t> pcm);
  void slide_store();
  void leave_store();
  void keep();

  std::int64_t oldest_sample() const;
  std::int16_t* sample(std::int64_t index);
  std::int64_t place_of(std::int64_t index);

  const std::shared_ptr<SampleRing> ring_;
  const std::int64_t capacity_;
  std::int64_t first_frame_ = 0;
  std::int64_t n_samples_ = 0;
  bool finished_ = false;

  // Samples from piece_begin_ on are contiguous in the ring, beginning at position piece_position_.
  std::int64_t piece_begin_ = 0;
  std::int64_t piece_position_ = 0;
  // If in_store_ is set, the store holds all samples that are still needed: sample i is at index
  // store_first_ + i of the store.
  bool in_store_ = false;
  std::int64_t store_first_ = 0;

  std::uint64_t bytes_copied_ = 0;
};

}  // namespace npuwhisper
