// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include <npuwhisper/audio_ring.h>

#include "device/window_mel.h"

namespace npuwhisper {

/// The only implementation of AudioRing. Consists of a ring of samples and, after the ring in
/// memory, a store. The store receives contiguous copies of samples that are not contiguous in the
/// ring. Positions in the ring keep increasing from lap to lap. The place of a position in the ring
/// is the position modulo the ring's size. Slices never cross the ring's end. Thread-safe, except
/// for the store, which only the stream that reads from the ring may use.
class SampleRing final : public AudioRing {
 public:
  /// Size of the ring in windows.
  static constexpr int kRingWindows = 10;
  /// Size of the store in windows (with spare frames).
  static constexpr int kStoreWindows = 2;
  /// Number of frames that a stream may hold in addition to a window.
  static constexpr int kSpareFrames = 64;
  /// Number of samples that are reserved before a stream's first sample. The stream writes the
  /// mirrored beginning of its signal to these samples.
  static constexpr std::int64_t kBorder = 200;

  /// Creates a ring for windows of `mel`, which `owner` keeps alive. Errors: those of
  /// mel.allocate_samples().
  static Result<std::shared_ptr<SampleRing>> create(WindowMel& mel,
                                                    std::shared_ptr<const void> owner);

  std::span<std::int16_t> acquire(std::size_t n_samples) override;
  void release(std::span<const std::int16_t> slice) override;

  /// Returns the position of `samples`. Returns nullopt if `samples` begins outside the ring, or
  /// ends after the newest slice.
  std::optional<std::int64_t> position_of(std::span<const std::int16_t> samples) const;
  /// Like acquire(), but returns the samples from position `end` on. These samples may belong to a
  /// slice that was released: elements upstream often acquire a slice that they never send,
  /// especially at the end of a stream. Returns an empty span if a slice that begins in these
  /// samples is still held, if `end` is at the ring's beginning, or if fewer than `n_samples`
  /// samples are free before the ring's end.
  std::span<std::int16_t> extend(std::int64_t end, std::size_t n_samples);
  /// Returns whether the kBorder samples before `position` are a border, which is reserved for a
  /// stream whose first sample is at `position`.
  bool has_border(std::int64_t position) const;
  /// Prepares for a new stream: reserves a border before the next slice, if these samples are free.
  /// If no samples were kept since the last border, the new stream uses the last border, because
  /// upstream may already hold slices after this border.
  void leave_border();
  /// The argument of keep_from() that keeps no samples.
  static constexpr std::int64_t kNothing = INT64_MAX;
  /// Keeps all samples from `position` on, so that acquire() and extend() do not return them.
  /// Replaces the position of the previous call.
  void keep_from(std::int64_t position);

  WindowMel& mel() const { return mel_; }
  Buffer& memory() const { return *memory_; }
  std::span<std::int16_t> samples() const { return samples_; }
  /// Returns the index in samples() of a position. The ring begins at index kBorder, after the
  /// border of its first position.
  std::int64_t place(std::int64_t position) const { return kBorder + position % capacity_; }
  /// Returns whether a position is at the ring's beginning. The position before the ring's
  /// beginning is at the ring's end in memory.
  bool begins_lap(std::int64_t position) const { return position % capacity_ == 0; }
  /// Returns the index in samples() at which the store begins. The store extends to the end of
  /// samples().
  std::int64_t store_place() const { return kBorder + capacity_; }

 private:
  struct Slice {
    std::int64_t begin = 0;
    std::int64_t end = 0;
    bool released = false;
  };

  SampleRing(WindowMel& mel, std::shared_ptr<const void> owner, std::unique_ptr<Buffer> memory,
             std::int64_t capacity);
  bool is_free(std::int64_t end) const;
  std::span<std::int16_t> hand_out(std::int64_t begin, std::int64_t n);

  const std::shared_ptr<const void> owner_;
  WindowMel& mel_;
  const std::unique_ptr<Buffer> memory_;
  const std::span<std::int16_t> samples_;
  const std::int64_t capacity_;

  mutable std::mutex mutex_;     // guards the members below
  std::vector<Slice> slices_;    // ascending; released slices are erased from the front
  std::int64_t next_ = 0;        // position of the next slice
  std::int64_t border_end_ = 0;  // end of the last border
  bool border_used_ = false;     // whether samples were kept since the last border
  std::int64_t kept_ = kNothing;
};

}  // namespace npuwhisper
