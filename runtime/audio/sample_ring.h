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

#include "audio/window_mel.h"

namespace npuwhisper {

/// The one implementation of AudioRing: positions in a ring of samples, and behind the ring a
/// store, where a stream's samples are put together that do not lie in one piece. Positions count
/// up for ever; a position's place in memory is the position modulo the ring's size. Slices never
/// cross the ring's end. Thread-safe, but the store is its stream's alone.
class SampleRing final : public AudioRing {
 public:
  /// Windows of the ring and of the store.
  static constexpr int kRingWindows = 10;
  static constexpr int kStoreWindows = 2;
  /// Frames that a stream may hold besides a window.
  static constexpr int kSpareFrames = 64;
  /// Samples before a stream's first one that are the stream's to write, too.
  static constexpr std::int64_t kBorder = 200;

  /// For windows of `mel`, which `owner` keeps alive. Errors: those of mel.allocate_samples().
  static Result<std::shared_ptr<SampleRing>> create(WindowMel& mel,
                                                    std::shared_ptr<const void> owner);

  std::span<std::int16_t> acquire(std::size_t n_samples) override;
  void release(std::span<const std::int16_t> slice) override;

  /// The position of `samples`, if all of them lie in slices that were handed out.
  std::optional<std::int64_t> position_of(std::span<const std::int16_t> samples) const;
  /// As acquire(), but from position `end` on; empty where somebody holds a slice there that was
  /// handed out since. (Elements allocate what they then do not send, above all at the end.)
  std::span<std::int16_t> extend(std::int64_t end, std::size_t n_samples);
  /// Whether the kBorder samples before `position` belong to nobody else.
  bool has_border(std::int64_t position) const;
  /// A new stream is to come: the next slice has a border, if there is room. Where nothing was kept
  /// since the last border, that one is still the new stream's: upstream may have its first slices
  /// already.
  void leave_border();
  /// A stream needs what it has: nothing from `position` on may be handed out anew; kNothing: all
  /// may.
  static constexpr std::int64_t kNothing = INT64_MAX;
  void keep_from(std::int64_t position);

  WindowMel& mel() const { return mel_; }
  Buffer& memory() const { return *memory_; }
  std::span<std::int16_t> samples() const { return samples_; }
  /// Where in samples() a position is; the border of the ring's first one lies before it.
  std::int64_t place(std::int64_t position) const { return kBorder + position % capacity_; }
  /// Whether a position is at the ring's beginning: what comes before it does not lie before it.
  bool begins_lap(std::int64_t position) const { return position % capacity_ == 0; }
  /// Where in samples() the store begins; it goes to the end.
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

  mutable std::mutex mutex_;     // guards what follows
  std::vector<Slice> slices_;    // ascending; released ones stay while an older one is not
  std::int64_t next_ = 0;        // position of the next slice
  std::int64_t border_end_ = 0;  // the last border's end
  bool border_used_ = false;     // by a stream that kept something since
  std::int64_t kept_ = kNothing;
};

}  // namespace npuwhisper
