// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <algorithm>
#include <atomic>
#include <memory>
#include <random>
#include <stdexcept>
#include <vector>

#include <npuwhisper/engine.h>

#include "engine/stream.h"
#include "temporary_folder.h"
#include "tiny_model.h"

namespace npuwhisper::test {

/// An engine with its own tiny model, and helpers for tests of streams.
struct TinyEngine {
  explicit TinyEngine(Precision precision, const TinyModelOptions& options = {.n_audio_ctx = 100}) {
    write_tiny_model(folder.path(), options);
    auto opened = Engine::open({.model = folder.path().string(), .precision = precision});
    if (!opened) throw std::runtime_error(opened.error().message);
    engine = *opened;
  }

  const ModelConfig& config() const { return model_of(*engine).config; }

  std::unique_ptr<TokenDecoder> stream(const StreamOptions& options = {}) const {
    auto made = make_stream_decoder(engine, options, never);
    if (!made) throw std::runtime_error(made.error().message);
    return std::move(*made);
  }

  int n_frames() const { return 2 * config().n_audio_ctx; }
  std::vector<float> mel(unsigned seed) const {
    std::mt19937 generator(seed);
    std::uniform_real_distribution<float> distribution(-1.0F, 1.0F);
    std::vector<float> values(static_cast<std::size_t>(n_frames() * config().n_mels));
    for (float& x : values) x = distribution(generator);
    return values;
  }

  TemporaryFolder folder;
  std::shared_ptr<Engine> engine;
  std::atomic<bool> never{false};
};

inline Token argmax(std::span<const float> logits) {
  return static_cast<Token>(std::max_element(logits.begin(), logits.end()) - logits.begin());
}

}  // namespace npuwhisper::test
