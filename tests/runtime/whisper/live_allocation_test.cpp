// SPDX-License-Identifier: LGPL-2.1-or-later
// A live pass allocates nothing unless it returns final words.
#include <gtest/gtest.h>

#include <atomic>
#include <utility>
#include <vector>

#include "live_scene.h"
#include "replaced_allocation.h"
#include "sound_detector.h"
#include "whisper/live_transcriber.h"

namespace npuwhisper {
namespace {

std::atomic<bool> counting{false};
std::atomic<long> n_allocations{0};

}  // namespace

bool test::allows(Allocation /*function*/, const void* /*caller*/) {
  if (counting) ++n_allocations;
  return true;
}

void test::note_release(Allocation /*function*/, const void* /*memory*/) {}

namespace {

using namespace std::chrono_literals;

/// Excludes the scripted speaker's allocations from the count while an object of this class exists.
class Uncounted {
 public:
  Uncounted() : was_(counting.exchange(false)) {}
  ~Uncounted() { counting = was_; }
  Uncounted(const Uncounted&) = delete;
  Uncounted& operator=(const Uncounted&) = delete;

 private:
  const bool was_;
};

class UncountedDecoder final : public TokenDecoder {
 public:
  explicit UncountedDecoder(std::unique_ptr<TokenDecoder> decoder) : decoder_(std::move(decoder)) {}
  int n_vocab() const override { return decoder_->n_vocab(); }
  int max_sequences() const override { return decoder_->max_sequences(); }
  int max_length() const override { return decoder_->max_length(); }
  int max_positions() const override { return decoder_->max_positions(); }
  Result<void> encode(std::span<const float> mel, int n_exact) override {
    const Uncounted here;
    return decoder_->encode(mel, n_exact);
  }
  Result<std::span<float>> prompt(std::span<const Token> tokens,
                                  std::span<const int> positions) override {
    const Uncounted here;
    return decoder_->prompt(tokens, positions);
  }
  void truncate(int length) override { decoder_->truncate(length); }
  void fork(std::span<const int> parents) override { decoder_->fork(parents); }
  Result<std::span<float>> step(std::span<const Token> tokens) override {
    const Uncounted here;
    return decoder_->step(tokens);
  }
  Result<std::span<const float>> align(std::span<const Token> tokens,
                                       std::span<float> probabilities) override {
    const Uncounted here;
    return decoder_->align(tokens, probabilities);
  }

 private:
  const std::unique_ptr<TokenDecoder> decoder_;
};

TEST(LiveAllocation, PassWithoutResultAllocatesNothing) {
  const test::Vocabulary& vocabulary = test::Vocabulary::multilingual();
  const std::vector<Token> tokens = test::one_token_words(vocabulary);
  std::vector<test::ScriptedWord> words;
  for (std::int64_t at = 0; at < 40 * kSampleRate; at += kSampleRate * 3 / 2) {
    words.push_back({tokens[words.size() % tokens.size()], at, at + kSampleRate * 36 / 100});
  }
  test::HeardWindow heard;
  test::LiveTime time;
  TranscriberOptions options;
  options.language = "en";
  options.live_latency = 5000ms;
  auto made = LiveTranscriber::create(
      *vocabulary.tokenizer, vocabulary.config, options,
      [&](int, const std::atomic<bool>&) -> Result<std::unique_ptr<TokenDecoder>> {
        return std::unique_ptr<TokenDecoder>(std::make_unique<UncountedDecoder>(
            std::make_unique<test::ScriptedSpeaker>(vocabulary, words, heard, time)));
      },
      [&](int capacity_frames) -> Result<std::unique_ptr<LogMel>> {
        auto mel = MelFrontend::create(vocabulary.config.n_mels, capacity_frames);
        if (!mel) return fail(mel.error());
        return std::unique_ptr<LogMel>(std::make_unique<test::WatchedMel>(std::move(*mel), heard));
      },
      [&] { return time.now; },
      [] { return Result<std::unique_ptr<SpeechDetector>>(test::make_sound_detector()); });
  ASSERT_TRUE(made) << made.error().message;
  LiveTranscriber& transcriber = **made;

  const std::vector<float> piece(kSampleRate / 50, 0.1F);
  int n_passes = 0;
  for (int i = 0; i < 40 * 50; ++i) {
    const std::uint64_t n_before = transcriber.stats().windows;
    n_allocations = 0;
    counting = true;
    const auto segments = transcriber.push(piece);
    counting = false;
    ASSERT_TRUE(segments);
    if (!segments->empty()) {
      EXPECT_GT(n_allocations, 0) << "the counter does not count";
      continue;
    }
    EXPECT_EQ(n_allocations, 0) << "at " << i * 0.02 << " s";
    if (transcriber.stats().windows > n_before) ++n_passes;
  }
  EXPECT_GT(n_passes, 5);
}

}  // namespace
}  // namespace npuwhisper
