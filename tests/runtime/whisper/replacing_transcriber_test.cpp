// SPDX-License-Identifier: LGPL-2.1-or-later
#include "whisper/replacing_transcriber.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace npuwhisper {
namespace {

using std::chrono_literals::operator""ms;

/// Returns segments at given positions of the audio, as a live transcriber with Pace::Audio does.
class Source final : public Transcriber {
 public:
  Result<std::vector<Segment>> push(std::span<const float> pcm) override {
    return take(pcm.size());
  }
  Result<std::vector<Segment>> push(std::span<const std::int16_t> pcm) override {
    return take(pcm.size());
  }
  Result<std::vector<Segment>> settle() override { return take(0); }
  Result<std::vector<Segment>> drain() override { return take(1 << 30); }
  void reset() override { n_samples_ = 0; }
  void cancel() override {}
  std::int64_t position() const override { return n_samples_; }
  std::vector<Word> draft() const override { return words; }
  const std::string& language() const override { return code; }
  TranscriberStats stats() const override { return {}; }

  std::multimap<std::int64_t, Segment> results;  // by the position at which they are returned
  std::vector<Word> words;
  std::string code = "en";
  bool fails = false;

 private:
  Result<std::vector<Segment>> take(std::size_t n) {
    if (fails) return fail(ErrorCode::Cancelled, "cancelled");
    n_samples_ += static_cast<std::int64_t>(n);
    std::vector<Segment> out;
    while (!results.empty() && results.begin()->first <= n_samples_) {
      out.push_back(std::move(results.begin()->second));
      results.erase(results.begin());
    }
    return out;
  }

  std::int64_t n_samples_ = 0;
};

/// Returns a segment of words of 0.1 s each.
Segment make_segment(std::int64_t start, const std::vector<std::string>& words) {
  constexpr std::int64_t kLength = kSampleRate / 10;
  Segment segment;
  segment.start = start;
  segment.tokens = {1, 2};
  for (const std::string& text : words) {
    segment.text += text;
    segment.words.push_back(
        {.start = start, .end = start + kLength, .text = text, .probability = 0.5F});
    start += kLength;
  }
  segment.end = start;
  return segment;
}

class ReplacingTranscriberTest : public ::testing::Test {
 protected:
  void create(std::string_view lines, const TranscriberOptions& options) {
    auto list = ReplacementList::parse(lines);
    ASSERT_TRUE(list) << list.error().message;
    auto source = std::make_unique<Source>();
    source_ = source.get();
    transcriber_ =
        std::make_unique<ReplacingTranscriber>(std::move(source), std::move(*list), options);
  }
  static TranscriberOptions live(Pace pace) {
    TranscriberOptions options;
    options.live_latency = 2000ms;
    options.pace = pace;
    return options;
  }
  /// Pushes `n` samples of silence and returns the texts of the segments, separated by bars.
  std::string push(std::int64_t n) {
    return joined(transcriber_->push(std::vector<float>(static_cast<std::size_t>(n))));
  }
  static std::string joined(const Result<std::vector<Segment>>& segments) {
    EXPECT_TRUE(segments);
    std::string text;
    for (const Segment& segment : *segments) text += "|" + segment.text;
    return text;
  }

  Source* source_ = nullptr;  // Owned by the transcriber.
  std::unique_ptr<ReplacingTranscriber> transcriber_;
};

constexpr std::int64_t kSecond = kSampleRate;

TEST_F(ReplacingTranscriberTest, ReplacesTextAndWords) {
  create("new york = NYC\num =", {});
  Segment without_words = make_segment(0, {});
  without_words.text = " um new york";
  Segment other_text = make_segment(0, {" new", " york"});
  other_text.text = " in new york";
  source_->results = {{1, make_segment(0, {" New", " York."})},
                      {1, make_segment(0, {" Um."})},
                      {1, without_words},
                      {1, other_text}};
  const auto heard = transcriber_->drain();
  EXPECT_EQ(joined(heard), "| NYC.| NYC| in NYC") << "a segment without text is dropped";
  ASSERT_EQ((*heard)[0].words.size(), 1U);
  EXPECT_EQ((*heard)[0].words[0].end, 2 * kSecond / 10);
  EXPECT_EQ((*heard)[0].tokens.size(), 2U);
  EXPECT_EQ((*heard)[2].words[0].text, " NYC");
}

TEST_F(ReplacingTranscriberTest, LiveWordsWaitForTheRestOfAPhrase) {
  create("new york = NYC", live(Pace::RealTime));
  source_->results = {{kSecond / 2, make_segment(0, {" in", " new"})},
                      {kSecond, make_segment(kSecond / 2, {" york", " now"})}};
  EXPECT_EQ(push(kSecond / 2), "| in");
  EXPECT_EQ(transcriber_->position(), kSecond / 10) << "the start of the word that waits";
  source_->words = {{.start = 0, .end = 1, .text = " york"}};
  const std::vector<Word> draft = transcriber_->draft();
  ASSERT_EQ(draft.size(), 1U);
  EXPECT_EQ(draft[0].text, " NYC");
  const auto heard = transcriber_->push(std::vector<std::int16_t>(kSecond / 2));
  EXPECT_EQ(joined(heard), "| NYC| now");
  EXPECT_EQ((*heard)[0].start, kSecond / 10);
  EXPECT_EQ((*heard)[0].end, 6 * kSecond / 10);
  EXPECT_EQ((*heard)[1].start, 6 * kSecond / 10);
  EXPECT_TRUE((*heard)[0].words.empty()) << "word times were not requested";
  EXPECT_EQ(transcriber_->position(), kSecond);
}

TEST_F(ReplacingTranscriberTest, ALiveWordWaitsNoLongerThanHalfTheLatency) {
  std::int64_t n_waiting = 0;
  TranscriberOptions options = live(Pace::RealTime);
  options.word_times = true;
  options.samples_waiting = [&] { return n_waiting; };
  create("new york = NYC\nnew = old", options);
  source_->results = {{kSecond / 2, make_segment(0, {" new"})}};
  EXPECT_EQ(push(kSecond / 2), "");
  n_waiting = 6 * kSecond / 10 - 2;
  EXPECT_EQ(push(1), "") << "0.1 s of speech and 1 s of waiting";
  n_waiting = 6 * kSecond / 10 - 1;
  const auto heard = transcriber_->push(std::vector<float>());
  EXPECT_EQ(joined(heard), "| old");
  EXPECT_EQ((*heard)[0].words.size(), 1U);
}

TEST_F(ReplacingTranscriberTest, SettleAndDrainReturnTheWordsThatWait) {
  create("new york = NYC", live(Pace::RealTime));
  source_->results = {{1, make_segment(0, {" new"})}, {2, make_segment(kSecond, {" new"})}};
  EXPECT_EQ(push(1), "");
  EXPECT_EQ(joined(transcriber_->settle()), "| new");
  EXPECT_EQ(push(1), "");
  EXPECT_EQ(joined(transcriber_->drain()), "| new");
}

TEST_F(ReplacingTranscriberTest, ResetForgetsTheWordsThatWait) {
  create("new york = NYC", live(Pace::RealTime));
  source_->results = {{1, make_segment(0, {" new"})}};
  EXPECT_EQ(push(1), "");
  transcriber_->reset();
  EXPECT_EQ(transcriber_->position(), 0);
  EXPECT_EQ(joined(transcriber_->drain()), "");
}

TEST_F(ReplacingTranscriberTest, TheTextDoesNotDependOnTheSizesOfPushes) {
  const auto transcribe = [&](std::int64_t step, std::int64_t york_at) {
    create("new york = NYC", live(Pace::Audio));
    source_->results = {{kSecond, make_segment(0, {" new"})},
                        {york_at, make_segment(kSecond / 2, {" york"})}};
    std::string text;
    for (std::int64_t at = 0; at < 4 * kSecond; at += step) text += push(step);
    return text + joined(transcriber_->drain());
  };
  // The word waits until 2 s after its end at 0.1 s.
  const std::int64_t deadline = 2 * kSecond + kSecond / 10;
  for (const std::int64_t step : {std::int64_t{37}, std::int64_t{320}, kSecond, 4 * kSecond}) {
    EXPECT_EQ(transcribe(step, deadline), "| NYC") << step;
    EXPECT_EQ(transcribe(step, deadline + 1), "| new| york") << step;
  }
}

TEST_F(ReplacingTranscriberTest, PassesErrorsOn) {
  create("a = b", live(Pace::Audio));
  source_->fails = true;
  EXPECT_EQ(transcriber_->push(std::vector<float>(kSecond)).error().code, ErrorCode::Cancelled);
  EXPECT_EQ(transcriber_->drain().error().code, ErrorCode::Cancelled);
  EXPECT_EQ(transcriber_->language(), "en");
}

}  // namespace
}  // namespace npuwhisper
