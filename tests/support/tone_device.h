// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <memory>
#include <vector>

#include "device/device.h"
#include "model/config.h"
#include "model/tokenizer.h"

namespace npuwhisper::test {

/// A device that recognises the toy language of tone_speech.h and runs no model. Its encoder finds
/// the tones in a window of log-mel. Its decoder outputs the tones, one token per word, with a
/// probability of nearly 1, and attends to their positions. A tone that is cut off at the window's
/// beginning counts as a word if more than half of the tone is inside the window. A tone that is
/// cut off at the window's end counts if at least a fifth of the tone is inside.
///
/// The whole runtime above the device therefore runs as with a model, at a hundredth of the cost,
/// and the correct text is known. The device's caches contain tokens and words instead of keys and
/// values. As with a real device, allocate() creates all buffers, and a run allocates nothing.
class ToneDevice final : public Device {
 public:
  /// `tokenizer` and `config` belong to the model that the device pretends to run.
  ToneDevice(const Tokenizer& tokenizer, const ModelConfig& config);

  const DeviceInfo& info() const override { return info_; }
  bool joins_cross_attention() const override { return true; }
  Result<std::unique_ptr<Executable>> prepare(const Graph& graph, const Weights& weights,
                                              int batch) override;
  /// Returns 0 bytes for the weights, which the device does not pack, and for each buffer.
  Result<GraphMemory> measure(const Graph& graph, const WeightsIndex& weights, int batch) override;

 private:
  DeviceInfo info_;
  const ModelConfig config_;
  const SpecialTokens special_;
  const std::vector<Token> words_;
};

/// Returns the toy language's words as tokens, by word number. Each text begins with a space.
std::vector<Token> tone_word_tokens(const Tokenizer& tokenizer);

}  // namespace npuwhisper::test
