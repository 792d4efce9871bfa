// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <atomic>
#include <memory>

#include <npuwhisper/audio_ring.h>
#include <npuwhisper/engine.h>

#include "audio/log_mel.h"
#include "engine/token_decoder.h"
#include "model/model.h"

namespace npuwhisper {

/// Returns the model that `engine` runs.
const Model& model_of(const Engine& engine);

/// Options of a stream's decoder. The decoder allocates all its memory at creation.
struct StreamOptions {
  int max_sequences = 1;   ///< Maximum number of beams or candidates.
  bool alignment = false;  ///< Whether align() will be called.
};

/// Creates a stream's decoder on `engine`. Once `cancelled` is set, every call of the decoder that
/// runs the model returns Cancelled. `cancelled` must outlive the decoder.
Result<std::unique_ptr<TokenDecoder>> make_stream_decoder(std::shared_ptr<Engine> engine,
                                                          const StreamOptions& options,
                                                          const std::atomic<bool>& cancelled);

/// Creates a stream's log-mel, on the device or on the CPU. `ring`: as in Transcriber::create().
/// Errors: InvalidArgument (`ring` is set but the CPU computes log-mel, or the ring belongs to
/// another engine), Unavailable, DeviceError.
Result<std::unique_ptr<LogMel>> make_stream_mel(const std::shared_ptr<Engine>& engine,
                                                std::shared_ptr<AudioRing> ring,
                                                int capacity_frames);

}  // namespace npuwhisper
