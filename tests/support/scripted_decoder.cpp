// SPDX-License-Identifier: LGPL-2.1-or-later
#include "scripted_decoder.h"

#include <algorithm>
#include <utility>

namespace npuwhisper::test {
namespace {

Failure misuse(const char* message) {
  return fail(ErrorCode::DeviceError, message);
}

}  // namespace

ScriptedDecoder::ScriptedDecoder(const Shape& shape, Script script)
    : shape_(shape), script_(std::move(script)) {
  const auto n = static_cast<std::size_t>(shape.max_sequences);
  sequences_.resize(n);
  forked_.resize(n);
  for (auto& sequence : sequences_) sequence.reserve(static_cast<std::size_t>(shape.max_length));
  for (auto& sequence : forked_) sequence.reserve(static_cast<std::size_t>(shape.max_length));
  logits_.resize(std::max(n, static_cast<std::size_t>(shape.max_positions)) *
                 static_cast<std::size_t>(shape.n_vocab));
}

Result<void> ScriptedDecoder::check() const {
  if (cancelled_ != nullptr && *cancelled_) return fail(ErrorCode::Cancelled, "cancelled");
  return {};
}

Result<void> ScriptedDecoder::encode(std::span<const float> mel, int) {
  if (auto ok = check(); !ok) return ok;
  windows.emplace_back(mel.begin(), mel.end());
  attempt_ = -1;
  n_sequences_ = 0;
  return {};
}

Result<std::span<float>> ScriptedDecoder::prompt(std::span<const Token> tokens,
                                                 std::span<const int> positions) {
  if (const auto ok = check(); !ok) return fail(ok.error());
  if (windows.empty()) return misuse("prompt: no window was encoded");
  if (tokens.size() > static_cast<std::size_t>(shape_.max_length))
    return misuse("prompt: too long");
  if (positions.size() > static_cast<std::size_t>(shape_.max_positions)) {
    return misuse("prompt: too many positions");
  }
  prompts.emplace_back(tokens.begin(), tokens.end());
  sequences_[0].assign(tokens.begin(), tokens.end());
  prompt_length_ = tokens.size();
  n_sequences_ = 1;
  ++attempt_;
  int last = -1;
  for (std::size_t row = 0; row < positions.size(); ++row) {
    if (positions[row] <= last || positions[row] >= static_cast<int>(tokens.size())) {
      return misuse("prompt: positions are not ascending");
    }
    last = positions[row];
    ask(tokens.first(static_cast<std::size_t>(last) + 1), {}, row);
  }
  return std::span(logits_).first(positions.size() * static_cast<std::size_t>(shape_.n_vocab));
}

void ScriptedDecoder::truncate(int length) {
  ++n_truncations;
  sequences_[0].resize(static_cast<std::size_t>(length));
  prompt_length_ = std::min(prompt_length_, static_cast<std::size_t>(length));
}

void ScriptedDecoder::fork(std::span<const int> parents) {
  ++n_forks;
  for (std::size_t i = 0; i < parents.size(); ++i) {
    forked_[i] = sequences_[static_cast<std::size_t>(parents[i])];
  }
  sequences_.swap(forked_);
  n_sequences_ = parents.size();
}

Result<std::span<float>> ScriptedDecoder::step(std::span<const Token> tokens) {
  if (on_step) on_step();
  if (const auto ok = check(); !ok) return fail(ok.error());
  if (tokens.size() != n_sequences_) return misuse("step: wrong number of sequences");
  ++n_steps;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    std::vector<Token>& sequence = sequences_[i];
    if (sequence.size() == static_cast<std::size_t>(shape_.max_length)) {
      return misuse("step: too long");
    }
    sequence.push_back(tokens[i]);
    ask(std::span(sequence).first(prompt_length_), std::span(sequence).subspan(prompt_length_), i);
  }
  return std::span(logits_).first(tokens.size() * static_cast<std::size_t>(shape_.n_vocab));
}

Result<std::span<const float>> ScriptedDecoder::align(std::span<const Token> tokens,
                                                      std::span<float> probabilities) {
  if (const auto ok = check(); !ok) return fail(ok.error());
  const auto n = static_cast<std::size_t>(n_audio_ctx) * tokens.size();
  attention_.assign(n, 1.0F / static_cast<float>(n_audio_ctx));
  std::fill(probabilities.begin(), probabilities.end(), 0.5F);
  return std::span<const float>(attention_);
}

void ScriptedDecoder::ask(std::span<const Token> prompt, std::span<const Token> sampled,
                          std::size_t row) {
  const auto n = static_cast<std::size_t>(shape_.n_vocab);
  const auto logits = std::span(logits_).subspan(row * n, n);
  std::fill(logits.begin(), logits.end(), 0.0F);
  script_({.window = static_cast<int>(windows.size()) - 1,
           .attempt = attempt_,
           .prompt = prompt,
           .sampled = sampled},
          logits);
}

void prefer(std::span<float> logits, Token token, float margin) {
  logits[static_cast<std::size_t>(token)] = margin;
}

Script say(const Tokenizer& tokenizer, std::vector<std::vector<Token>> texts) {
  return [eot = tokenizer.special().eot, texts = std::move(texts)](const ScriptStep& at,
                                                                   std::span<float> logits) {
    const auto& text = texts.at(static_cast<std::size_t>(at.window));
    const bool done = at.sampled.size() >= text.size();
    prefer(logits, done ? eot : text[at.sampled.size()]);
  };
}

}  // namespace npuwhisper::test
