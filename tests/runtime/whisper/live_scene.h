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
#include "engine/token_decoder.h"
#include "vocabulary.h"

namespace npuwhisper::test {

/// A word of scripted speech. Each word is one token of the tiny vocabulary.
struct ScriptedWord {
  Token token = 0;
  std::int64_t start = 0;  ///< Start of the word, in samples of the stream.
  std::int64_t end = 0;    ///< End of the word, in samples of the stream.
};

/// Simulated time and the audio that arrives with it. No real clock is used.
struct LiveTime {
  std::chrono::nanoseconds now{0};
  std::int64_t n_pushed = 0;
  std::int64_t n_samples = 0;  ///< Length of the whole stream.

  std::int64_t arrived() const {
    return std::min<std::int64_t>(n_samples, now.count() / 1000 * kSampleRate / 1'000'000);
  }
};

/// The frames of the window that the transcriber read last.
struct HeardWindow {
  std::int64_t first_frame = 0;
  std::int64_t end_frame = 0;
};

/// Wraps the real log-mel and records the last window that is read.
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
  Result<int> window(std::int64_t first, int n_heard, int n_frames, std::span<float> out) override {
    heard_ = {first, std::min(mel_->end_frame(), first + n_heard)};
    return mel_->window(first, n_heard, n_frames, out);
  }
  std::uint64_t bytes_copied() const override { return mel_->bytes_copied(); }

 private:
  const std::unique_ptr<LogMel> mel_;
  HeardWindow& heard_;
};

/// Outputs the scripted words that lie in the window and attends to their positions. Each pass
/// advances the simulated time by `cost`. Words that ended only recently may be misheard.
class ScriptedSpeaker final : public TokenDecoder {
 public:
  ScriptedSpeaker(const Vocabulary& vocabulary, const std::vector<ScriptedWord>& words,
                  const HeardWindow& heard, LiveTime& time)
      : n_positions(vocabulary.config.n_audio_ctx),
        vocabulary_(vocabulary),
        words_(words),
        heard_(heard),
        time_(time) {}

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

  int n_positions;                             ///< Encoder positions of a window.
  std::chrono::nanoseconds cost{150'000'000};  ///< Simulated duration of a pass.
  /// Probability, in each pass, of mishearing a word that ended less than half a second before the
  /// window's end.
  double misheard = 0;
  /// In windows with fewer samples than this, the speaker outputs no words.
  std::int64_t deaf_below = 0;
  /// In windows that end in [mute_from, mute_to), the text ends before the first word that begins
  /// at `mute_from` or later.
  std::int64_t mute_from = 0;
  std::int64_t mute_to = 0;
  bool mute_softly = false;  ///< The first muted word is nearly as probable as the text's end.
  /// Windows that begin before this sample repeat one word forever.
  std::int64_t loop_until = 0;
  bool only_with_previous_text = false;  ///< Limits the loop to prompts with previous text.
  float language_margin = 5;             ///< Lead of the first language's logit over the others.
  std::vector<std::vector<Token>> prompts;
  std::vector<int> n_thinned;  ///< Frames of padding that may be thinned, per window.
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
  std::ptrdiff_t n_mute_ = 0;  // Number of muted words, which are the last ones of in_window_.
  bool loops_ = false;
  std::vector<Token> sequence_;
  std::vector<float> logits_;
  std::vector<float> attention_;
};

/// Returns the tokens whose text is a space followed by letters from a to z.
std::vector<Token> one_token_words(const Vocabulary& vocabulary);

}  // namespace npuwhisper::test
