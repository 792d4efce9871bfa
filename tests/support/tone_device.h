// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <memory>
#include <vector>

#include "device/device.h"
#include "model/config.h"
#include "model/tokenizer.h"

namespace npuwhisper::test {

/// A device that understands the toy language of tone_speech.h and runs no model: its encoder finds
/// the tones in a window of log-mel, and its decoder says them, one token a word, with a
/// probability of nearly 1, and attends to them where they are. A tone that is cut off at the
/// window's beginning is a word if more than half of it is there; at the end, once a fifth of it
/// is.
///
/// So the whole runtime above a device runs as it does with a model, at a hundredth of the cost,
/// and what it must write is known. Its caches hold tokens and words in place of keys and values;
/// like a real device's, its buffers are made by allocate() and nothing is allocated by a run.
class ToneDevice final : public Device {
 public:
  /// `tokenizer` and `config` are those of the model that it pretends to run.
  ToneDevice(const Tokenizer& tokenizer, const ModelConfig& config);

  const DeviceInfo& info() const override { return info_; }
  bool joins_cross_attention() const override { return true; }
  Result<std::unique_ptr<Executable>> prepare(const Graph& graph, const Weights& weights,
                                              int batch) override;

 private:
  DeviceInfo info_;
  const ModelConfig config_;
  const SpecialTokens special_;
  const std::vector<Token> words_;
};

/// The tokens that are the words of the language, by word: each begins with a space.
std::vector<Token> tone_word_tokens(const Tokenizer& tokenizer);

}  // namespace npuwhisper::test
