// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <atomic>
#include <memory>

#include <npuwhisper/audio_ring.h>
#include <npuwhisper/engine.h>

#include "audio/log_mel.h"
#include "engine/pass_turns.h"
#include "engine/token_decoder.h"
#include "model/model.h"

namespace npuwhisper {

/// Returns the model that `engine` runs.
const Model& model_of(const Engine& engine);

/// Returns the object that gives the live streams of `engine` turns to run passes. The engine owns
/// the object.
PassTurns& pass_turns_of(Engine& engine);

/// Options of a stream's decoder. The decoder allocates all its memory at creation.
struct StreamOptions {
  int max_sequences = 1;   ///< Maximum number of beams or candidates.
  bool alignment = false;  ///< Whether align() will be called.
  bool is_live = false;    ///< Whether the requests of the stream run before those of files.
};

/// Creates a stream's decoder on `engine`. Once `cancelled` is set, every call of the decoder that
/// runs the model returns Cancelled. `cancelled` must outlive the decoder. Logs a warning if the
/// stream is the engine's first one with alignment, and the model's alignment heads are not known.
/// Errors: InvalidArgument (options.max_sequences outside 1 to ModelEngine::kMaxRows), Unavailable
/// (no memory), and those of the device.
Result<std::unique_ptr<TokenDecoder>> make_stream_decoder(std::shared_ptr<Engine> engine,
                                                          const StreamOptions& options,
                                                          const std::atomic<bool>& cancelled);

/// Creates a stream's log-mel, on the device or on the CPU. `ring`: as in Transcriber::create().
/// `capacity_frames`: maximum number of frames held at a time. Errors: InvalidArgument (`ring` is
/// set but the CPU computes log-mel, the ring belongs to another engine, or the capacity is out of
/// range), Unavailable, DeviceError.
Result<std::unique_ptr<LogMel>> make_stream_mel(const std::shared_ptr<Engine>& engine,
                                                std::shared_ptr<AudioRing> ring,
                                                int capacity_frames);

}  // namespace npuwhisper
