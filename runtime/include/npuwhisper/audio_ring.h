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

/// Memory for one stream's audio (16-bit PCM, 16 kHz, mono) that the engine's device reads itself:
/// what is written into it and pushed from it reaches the device's log-mel without a copy. It is a
/// ring: slices are handed out one behind the other, so that samples that are written and pushed in
/// the order of the slices lie in one piece, as a window of them must.
///
/// Order does no harm, only copies: samples that do not continue in memory what was pushed before
/// (a slice that was not filled to its end, one that was dropped, the ring's end: one window in
/// about ten) make the windows that they are in be gathered, and TranscriberStats::bytes_copied
/// says how much that was. Audio that is pushed from elsewhere is copied in here, and counted too.
///
/// Thread-safe. Keeps its engine; slices must not outlive the ring.
class NPUWHISPER_API AudioRing {
 public:
  /// Errors: InvalidArgument (no engine), Unsupported (the engine's log-mel is computed on the CPU,
  /// for which any memory will do), DeviceError (the device has no memory for it), Unavailable (nor
  /// has the process).
  static Result<std::shared_ptr<AudioRing>> create(std::shared_ptr<Engine> engine);
  virtual ~AudioRing() = default;

  /// The next `n_samples`, to be written, but not again once they were pushed, since the device
  /// reads them later; their start is aligned to 4 bytes. Empty where there is no room: older slices
  /// were not given back, or their audio waits for its window. Never waits.
  virtual std::span<std::int16_t> acquire(std::size_t n_samples) = 0;
  /// Gives a slice back (as acquire() returned it), in any order, once nobody writes or reads it
  /// any more. What was pushed from it stays as long as the transcriber has use for it.
  virtual void release(std::span<const std::int16_t> slice) = 0;
};

}  // namespace npuwhisper
