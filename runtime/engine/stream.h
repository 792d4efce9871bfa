// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <atomic>
#include <memory>

#include <npuwhisper/audio_ring.h>
#include <npuwhisper/engine.h>

#include "audio/log_mel.h"
#include "model/model.h"
#include "whisper/token_decoder.h"

namespace npuwhisper {

/// The model that `engine` runs.
const Model& model_of(const Engine& engine);

/// What a stream asks of its decoder; all its memory is allocated when it is made.
struct StreamOptions {
  int max_sequences = 1;      ///< Beams or candidates.
  bool alignment = false;     ///< Whether align() will be called.
};

/// A stream's decoder on an engine. Every call returns Cancelled once `cancelled` is set; it must outlive the decoder.
Result<std::unique_ptr<TokenDecoder>> make_stream_decoder(std::shared_ptr<Engine> engine, const StreamOptions& options,
                                                          const std::atomic<bool>& cancelled);

/// A stream's log-mel, on the device or on the CPU; `ring` as in Transcriber::create(). Errors: InvalidArgument (a ring
/// though the CPU computes), Unavailable.
Result<std::unique_ptr<LogMel>> make_stream_mel(const std::shared_ptr<Engine>& engine, std::shared_ptr<AudioRing> ring,
                                                int capacity_frames);

}  // namespace npuwhisper
