// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <atomic>
#include <functional>
#include <span>
#include <vector>

#include "engine/token_decoder.h"
#include "model/tokenizer.h"

namespace npuwhisper::test {

/// The state of a scripted decoder when it calls its script for logits.
struct ScriptStep {
  int window = 0;   ///< Number of windows encoded before this one.
  int attempt = 0;  ///< Number of prompts run on this window before this one.
  std::span<const Token> prompt;
  /// Tokens after the prompt. For a row within a prompt, `prompt` ends at that row.
  std::span<const Token> sampled;
};

/// A function that fills the logits for a step. All logits are 0 on entry.
using Script = std::function<void(const ScriptStep&, std::span<float> logits)>;

/// A TokenDecoder whose output comes from a test's script, and that records its calls. Misuse
/// of prompt() or step() gives a DeviceError, for example a sequence that is too long or positions
/// that do not ascend. step() and fork() do not allocate.
class ScriptedDecoder final : public TokenDecoder {
 public:
  struct Shape {
    int n_vocab = 0;
    int max_sequences = 1;
    int max_length = 448;
    int max_positions = 16;
  };
  ScriptedDecoder(const Shape& shape, Script script);

  int n_vocab() const override { return shape_.n_vocab; }
  int max_sequences() const override { return shape_.max_sequences; }
  int max_length() const override { return shape_.max_length; }
  int max_positions() const override { return shape_.max_positions; }
  Result<void> encode(std::span<const float> mel, int n_exact) override;
  Result<std::span<float>> prompt(std::span<const Token> tokens,
                                  std::span<const int> positions) override;
  void truncate(int length) override;
  void fork(std::span<const int> parents) override;
  Result<std::span<float>> step(std::span<const Token> tokens) override;
  /// Returns uniform attention for every token, and sets every probability to 0.5.
  Result<std::span<const float>> align(std::span<const Token> tokens,
                                       std::span<float> probabilities) override;

  /// Makes every call return Cancelled while `*flag` is set.
  void watch(const std::atomic<bool>* flag) { cancelled_ = flag; }
  /// Called before each step, so that a test can count steps or cancel between two steps.
  std::function<void()> on_step;
  int n_audio_ctx = 1500;

  std::vector<std::vector<float>> windows;  ///< The log-mel of every encoded window.
  std::vector<std::vector<Token>> prompts;  ///< Every prompt that was run.
  int n_steps = 0;
  int n_forks = 0;
  int n_truncations = 0;

 private:
  Result<void> check() const;
  void ask(std::span<const Token> prompt, std::span<const Token> sampled, std::size_t row);

  const Shape shape_;
  const Script script_;
  const std::atomic<bool>* cancelled_ = nullptr;
  int attempt_ = -1;
  std::size_t prompt_length_ = 0;
  std::size_t n_sequences_ = 0;
  std::vector<std::vector<Token>> sequences_;
  std::vector<std::vector<Token>> forked_;
  std::vector<float> logits_;
  std::vector<float> attention_;
};

/// Returns a script that detects speech and produces texts[window], followed by the end of text, on
/// every attempt. Each token has a probability of nearly 1.
Script say(const Tokenizer& tokenizer, std::vector<std::vector<Token>> texts);

/// Sets the logit of `token` to `margin`. If all other logits are 0, `token` is the most likely
/// token by this margin.
void prefer(std::span<float> logits, Token token, float margin = 30);

}  // namespace npuwhisper::test
