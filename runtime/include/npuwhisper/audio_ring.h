// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include <npuwhisper/api.h>
#include <npuwhisper/engine.h>
#include <npuwhisper/result.h>

namespace npuwhisper {

/// Memory for one stream's audio (16-bit PCM, 16 kHz, mono) that the engine's device reads
/// directly: samples that are written into the ring and pushed from it reach the device's log-mel
/// without a copy. The ring hands out consecutive slices. The samples of a window must be
/// contiguous. They are contiguous if they are written and pushed in the order of the slices.
///
/// Any other order works too, but requires copies. Contiguity breaks after a slice that was not
/// filled to its end, after a slice that was dropped, and at the ring's end (about once in ten
/// windows). If a window contains a break, its samples are copied to contiguous memory. Audio that
/// is pushed from other memory is copied into the ring. TranscriberStats::bytes_copied counts the
/// bytes of both kinds of copies.
///
/// Thread-safe. The ring keeps its engine alive. Slices must not outlive the ring.
class NPUWHISPER_API AudioRing {
 public:
  /// Creates a ring for `engine`. Errors: InvalidArgument (no engine), Unsupported (the engine
  /// computes log-mel on the CPU, which needs no ring), DeviceError (the device is out of memory),
  /// Unavailable (the process is out of memory).
  static Result<std::shared_ptr<AudioRing>> create(std::shared_ptr<Engine> engine);
  virtual ~AudioRing() = default;

  /// Returns a slice of the next `n_samples` samples for writing, aligned to 4 bytes. The caller
  /// must not change samples after pushing them, because the device reads them later. Returns an
  /// empty span if `n_samples` is 0 or greater than the ring's size. Also returns an empty span if
  /// the ring is full: older slices have not been released, or a later window still needs their
  /// audio. Never blocks.
  virtual std::span<std::int16_t> acquire(std::size_t n_samples) = 0;
  /// Releases a slice. `slice` must be exactly the span that acquire() returned. Afterwards, the
  /// caller must not read or write the slice. Slices may be released in any order. Samples pushed
  /// from a slice stay valid for as long as the transcriber needs them.
  virtual void release(std::span<const std::int16_t> slice) = 0;
};

}  // namespace npuwhisper
