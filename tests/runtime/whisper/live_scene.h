// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <npuwhisper/transcriber.h>

#include "audio/mel_frontend.h"
#include "vocabulary.h"
#include "whisper/token_decoder.h"

namespace npuwhisper::test {

/// Speech as a script: each word is one token of the tiny vocabulary.
struct ScriptedWord {
  Token token = 0;
  std::int64_t start = 0;  ///< Samples of the stream.
  std::int64_t end = 0;
};

/// Simulated time, and audio that arrives as it goes by. Nothing here looks at a real clock.
struct LiveTime {
  std::chrono::nanoseconds now{0};
  std::int64_t n_pushed = 0;
  std::int64_t n_samples = 0;  ///< Of the whole stream.

  std::int64_t arrived() const {
    return std::min<std::int64_t>(n_samples, now.count() / 1000 * kSampleRate / 1'000'000);
  }
};

/// Which frames the transcriber looked at last.
struct HeardWindow {
  std::int64_t first_frame = 0;
  std::int64_t end_frame = 0;
};

/// The real log-mel, which remembers what was asked of it.
class WatchedMel final : public LogMel {
 public:
  WatchedMel(std::unique_ptr<LogMel> mel, HeardWindow& heard)
      : mel_(std::move(mel)), heard_(heard) {}
  std::size_t push(std::span<const float> pcm) override { return mel_->push(pcm); }
  std::size_t push(std::span<const std::int16_t> pcm) override { return mel_->push(pcm); }
  void finish() override { mel_->finish(); }
  void reset() override { mel_->reset(); }
  std::int64_t first_frame() const override { return mel_->first_frame(); }
  std::int64_t end_frame() const override { return mel_->end_frame(); }
  std::int64_t n_samples() const override { return mel_->n_samples(); }
  void discard_before(std::int64_t frame) override { mel_->discard_before(frame); }
  Result<int> window(std::int64_t first, int n_frames, std::span<float> out) override {
    heard_ = {first, std::min(mel_->end_frame(), first + n_frames)};
    return mel_->window(first, n_frames, out);
  }
  std::uint64_t bytes_copied() const override { return mel_->bytes_copied(); }

 private:
  const std::unique_ptr<LogMel> mel_;
  HeardWindow& heard_;
};

/// Says the words of a script that lie in the window, from the first that begins in it on; attends
/// to them where they are; and takes its time. A word that has not ended for long may be misheard.
class ScriptedSpeaker final : public TokenDecoder {
 public:
  ScriptedSpeaker(const Vocabulary& vocabulary, const std::vector<ScriptedWord>& words,
                  const HeardWindow& heard, LiveTime& time)
      : vocabulary_(vocabulary), words_(words), heard_(heard), time_(time) {}

  int n_vocab() const override { return vocabulary_.tokenizer->n_vocab(); }
  int max_sequences() const override { return 1; }
  int max_length() const override { return 448; }
  int max_positions() const override { return 16; }
  Result<void> encode(std::span<const float> mel, int n_exact) override;
  Result<std::span<float>> prompt(std::span<const Token> tokens,
                                  std::span<const int> positions) override;
  void truncate(int length) override { sequence_.resize(static_cast<std::size_t>(length)); }
  void fork(std::span<const int>) override {}
  Result<std::span<float>> step(std::span<const Token> tokens) override;
  Result<std::span<const float>> align(std::span<const Token> tokens,
                                       std::span<float> probabilities) override;

  std::chrono::nanoseconds cost{150'000'000};  ///< Of a pass.
  /// Share of the words that ended less than half a second ago that are misheard, anew in each
  /// pass.
  double misheard = 0;
  /// Nothing is heard of windows with fewer samples than that.
  std::int64_t deaf_below = 0;
  /// Windows that end in [mute_from, mute_to) end the text before the first word that begins there.
  /// With `mute_softly` that word is nearly as probable as the end.
  std::int64_t mute_from = 0;
  std::int64_t mute_to = 0;
  bool mute_softly = false;
  /// Text that windows which begin before `loop_until` (samples) repeat for ever.
  std::int64_t loop_until = 0;
  bool only_with_previous_text = false;  ///< Of the loop.
  float language_margin = 5;             ///< Of the first language's logit over the others.
  std::vector<std::vector<Token>> prompts;
  std::vector<int> n_thinned;  ///< Frames of each window's padding that may be thinned.
  int n_steps = 0;
  std::function<void()> on_encode;
  const std::atomic<bool>* cancelled = nullptr;

 private:
  std::ptrdiff_t n_said(std::size_t n_tokens) const;
  Token next(std::size_t n_tokens) const;
  void answer(std::size_t n_tokens, std::size_t row);

  const Vocabulary& vocabulary_;
  const std::vector<ScriptedWord>& words_;
  const HeardWindow& heard_;
  LiveTime& time_;
  std::mt19937 random_{1};
  std::vector<ScriptedWord> in_window_;
  std::ptrdiff_t n_mute_ = 0;  // of in_window_, the last ones
  bool loops_ = false;
  std::vector<Token> sequence_;
  std::vector<float> logits_;
  std::vector<float> attention_;
};

/// Tokens that are words of their own, each with a space before it.
std::vector<Token> one_token_words(const Vocabulary& vocabulary);

}  // namespace npuwhisper::test
