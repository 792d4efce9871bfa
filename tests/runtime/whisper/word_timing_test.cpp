// SPDX-License-Identifier: LGPL-2.1-or-later
#include "whisper/word_timing.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/tokenizer.h"
#include "temporary_folder.h"
#include "tiny_model.h"

namespace npuwhisper {
namespace {

constexpr std::int64_t kPosition = 320;  // Samples per position.

/// Attends to positions [first[i], first[i + 1]) while it predicts the i-th text token.
class AttentiveDecoder final : public TokenDecoder {
 public:
  int n_vocab() const override { return 0; }
  int max_sequences() const override { return 1; }
  int max_length() const override { return 448; }
  int max_positions() const override { return 2; }
  Result<void> encode(std::span<const float>, int) override { return {}; }
  Result<std::span<float>> prompt(std::span<const Token>, std::span<const int>) override {
    return fail(ErrorCode::Unsupported, "not in this test");
  }
  void truncate(int) override {}
  void fork(std::span<const int>) override {}
  Result<std::span<float>> step(std::span<const Token>) override {
    return fail(ErrorCode::Unsupported, "not in this test");
  }
  Result<std::span<const float>> align(std::span<const Token> tokens,
                                       std::span<float> probabilities) override {
    ++n_calls;
    if (error) return fail(*error);
    tokens_read.assign(tokens.begin(), tokens.end());
    EXPECT_LE(probabilities.size(), tokens.size());
    n_probabilities = probabilities.size();
    const std::size_t first_wanted = tokens.size() - probabilities.size();
    attention_.assign(tokens.size() * n_positions, 1e-7F);
    for (std::size_t i = 0; i + 1 < tokens.size(); ++i) {
      if (i >= first_wanted) {
        probabilities[i - first_wanted] =
            i < n_prefix - 1 ? 0.0F : 0.1F * static_cast<float>(i - n_prefix + 2);
      }
      if (i < n_prefix - 1) continue;
      const std::size_t text = i - (n_prefix - 1);
      const std::size_t begin = first.at(text);
      const std::size_t end = text + 1 < first.size() ? first[text + 1] : begin + 10;
      for (std::size_t p = begin; p < end; ++p) {
        attention_[i * n_positions + p] = 1.0F / static_cast<float>(end - begin);
      }
    }
    attention_.resize(attention_.size() - n_missing);
    return std::span<const float>(attention_);
  }

  std::size_t n_positions = 1500;
  std::size_t n_prefix = 4;
  std::vector<std::size_t> first;
  std::optional<Error> error;
  std::size_t n_missing = 0;
  std::vector<Token> tokens_read;  // Tokens passed to the last call.
  int n_calls = 0;
  std::size_t n_probabilities = 0;  ///< Number of probabilities requested in the last call.

 private:
  std::vector<float> attention_;
};

class WordTimingTest : public ::testing::Test {
 protected:
  WordTimingTest() { load({}); }
  void load(test::TinyModelOptions options) {
    options.n_audio_layer = options.n_text_layer = 1;
    options.n_state = 8;
    const test::TemporaryFolder folder;
    test::write_tiny_model(folder.path(), options);
    config_ = test::tiny_model_config(options);
    config_.alignment_heads = {{0, 0}, {0, 1}};
    tokenizer_ = std::move(Tokenizer::load(folder.path(), config_).value());
    timer_.emplace(*tokenizer_, config_);
  }

  Token at(double seconds) const {
    return tokenizer_->special().timestamp_begin + static_cast<Token>(seconds * 50 + 0.5);
  }
  Segment segment(double start, std::string_view text, double end) const {
    Segment result;
    result.start = static_cast<std::int64_t>(start * kSampleRate);
    result.end = static_cast<std::int64_t>(end * kSampleRate);
    result.tokens = tokenizer_->encode(text);
    result.text = tokenizer_->decode(result.tokens);
    result.tokens.insert(result.tokens.begin(), at(start));
    result.tokens.push_back(at(end));
    return result;
  }
  std::size_t n_tokens(std::string_view text) const { return tokenizer_->encode(text).size(); }
  /// Returns the first position of each of `n` tokens, and the end of the last token. The first
  /// token starts at `begin`, and each token has 10 positions.
  static std::vector<std::size_t> steady(std::size_t begin, std::size_t n) {
    std::vector<std::size_t> first;
    for (std::size_t i = 0; i <= n; ++i) first.push_back(begin + 10 * i);
    return first;
  }

  /// Checks the properties that hold for any window.
  void expect_proper(const std::vector<Segment>& segments, std::int64_t begin, std::int64_t end) {
    for (const Segment& segment : segments) {
      std::string text;
      for (const Word& word : segment.words) {
        EXPECT_GE(word.start, begin) << word.text;
        EXPECT_GT(word.end, word.start) << word.text;
        EXPECT_LE(word.end, end) << word.text;
        EXPECT_FALSE(word.text.empty());
        begin = word.end;
        text += word.text;
      }
      EXPECT_EQ(text, segment.text);
      if (segment.words.empty()) continue;
      EXPECT_EQ(segment.start, segment.words.front().start);
      EXPECT_EQ(segment.end, segment.words.back().end);
    }
  }

  ModelConfig config_;
  std::unique_ptr<const Tokenizer> tokenizer_;
  std::optional<WordTimer> timer_;
  AttentiveDecoder decoder_;
  WordTimingWindow window_{
      .first_sample = 0, .n_frames = 1000, .language = "en", .task = Task::Transcribe, .pcm = {}};
};

TEST_F(WordTimingTest, WordsAreWhereTheirTokensAttend) {
  const std::string_view text = " hello world, you";
  ASSERT_EQ(n_tokens(text), 4U);
  decoder_.first = {20, 40, 70, 90, 100};
  std::vector<Segment> segments = {segment(0, text, 10)};
  ASSERT_TRUE(timer_->add_words(decoder_, window_, segments));
  expect_proper(segments, 0, 160000);
  const auto& words = segments[0].words;
  ASSERT_EQ(words.size(), 3U);
  // Position p begins 160 samples before its centre, p * 320.
  EXPECT_EQ(words[0].start, 20 * kPosition - 160);
  EXPECT_EQ(words[0].end, 40 * kPosition - 160);
  EXPECT_EQ(words[1].text, " world,");
  EXPECT_EQ(words[1].start, 40 * kPosition - 160);
  EXPECT_EQ(words[1].end, 70 * kPosition - 160);  // Excludes the time of the comma.
  EXPECT_EQ(words[2].start, 90 * kPosition - 160);
  EXPECT_EQ(words[2].end, 100 * kPosition - 160);
  // Probabilities are those of the word's own tokens, without the comma.
  EXPECT_FLOAT_EQ(words[0].probability, 0.1F);
  EXPECT_FLOAT_EQ(words[1].probability, 0.2F);
  EXPECT_FLOAT_EQ(words[2].probability, 0.4F);
}

TEST_F(WordTimingTest, KnownSegmentsGetNoProbability) {
  decoder_.first = steady(0, 3);
  std::vector<Segment> all = {segment(0, " hello world", 1), segment(1, " you", 2)};
  std::vector<Segment> segments = all;
  ASSERT_TRUE(timer_->add_words(decoder_, window_, all));
  timer_->reset();
  ASSERT_TRUE(timer_->add_words(decoder_, window_, segments, 1));
  // Probabilities are requested at three tokens. The logits of " world" predict " you". The logits
  // of " you" predict the end of text. The third token is the end of text itself, which is the last
  // token.
  EXPECT_EQ(decoder_.n_probabilities, 3U);
  for (const Word& word : segments[0].words) EXPECT_EQ(word.probability, 0.0F);
  ASSERT_EQ(segments[1].words.size(), 1U);
  EXPECT_EQ(segments[1].words[0].probability, all[1].words[0].probability);
  for (std::size_t i = 0; i < all.size(); ++i) {
    ASSERT_EQ(segments[i].words.size(), all[i].words.size());
    for (std::size_t j = 0; j < all[i].words.size(); ++j) {
      EXPECT_EQ(segments[i].words[j].start, all[i].words[j].start);
      EXPECT_EQ(segments[i].words[j].end, all[i].words[j].end);
    }
  }
}

TEST_F(WordTimingTest, TheDecoderReadsTheTextWithoutTimestamps) {
  const SpecialTokens& special = tokenizer_->special();
  decoder_.first = steady(0, 2);
  std::vector<Segment> segments = {segment(0, " hello", 1), segment(1, " world", 2)};
  window_.language = "de";
  window_.task = Task::Translate;
  ASSERT_TRUE(timer_->add_words(decoder_, window_, segments));
  const std::vector<Token> wanted = {special.sot,
                                     *tokenizer_->language_token("de"),
                                     special.translate,
                                     special.no_timestamps,
                                     tokenizer_->encode(" hello")[0],
                                     tokenizer_->encode(" world")[0],
                                     special.eot};
  EXPECT_EQ(decoder_.tokens_read, wanted);
}

TEST_F(WordTimingTest, AnEnglishModelHasNoLanguageAndNoTask) {
  load({.is_multilingual = false});
  const SpecialTokens& special = tokenizer_->special();
  window_.language = {};
  decoder_.n_prefix = 2;
  decoder_.first = steady(5, 1);
  std::vector<Segment> segments = {segment(0, " hello", 1)};
  ASSERT_TRUE(timer_->add_words(decoder_, window_, segments));
  expect_proper(segments, 0, 160000);
  EXPECT_EQ(decoder_.tokens_read,
            (std::vector<Token>{special.sot, special.no_timestamps, tokenizer_->encode(" hello")[0],
                                special.eot}));
}

TEST_F(WordTimingTest, TimesAreThoseOfTheStream) {
  decoder_.first = {20, 40};
  window_.first_sample = 480000;
  std::vector<Segment> segments = {segment(30, " hello", 33)};
  ASSERT_TRUE(timer_->add_words(decoder_, window_, segments));
  EXPECT_EQ(segments[0].words[0].start, 480000 + 20 * kPosition - 160);
  EXPECT_EQ(segments[0].words[0].end, 480000 + 40 * kPosition - 160);
}

TEST_F(WordTimingTest, WordsNeverGoBackInTheStream) {
  decoder_.first = {100, 200};
  std::vector<Segment> segments = {segment(0, " hello", 4)};
  ASSERT_TRUE(timer_->add_words(decoder_, window_, segments));
  const std::int64_t previous_end = segments[0].words[0].end;
  ASSERT_EQ(previous_end, 200 * kPosition - 160);

  // The next window begins before the end of the previous word, and so does the window's first
  // word.
  window_.first_sample = previous_end - 32000;
  decoder_.first = {10, 60, 110};
  segments = {segment(2, " hello world", 10)};
  ASSERT_TRUE(timer_->add_words(decoder_, window_, segments));
  expect_proper(segments, previous_end, window_.first_sample + 160000);

  timer_->reset();
  window_.first_sample = 0;
  segments = {segment(0, " hello world", 10)};
  ASSERT_TRUE(timer_->add_words(decoder_, window_, segments));
  EXPECT_EQ(segments[0].words[0].start, 10 * kPosition - 160);
}

TEST_F(WordTimingTest, SoundMovesWordsOutOfPauses) {
  // The first word's attention also covers a pause before that word. The second word's attention
  // also covers a pause after that word.
  decoder_.first = {0, 50, 100};
  std::vector<float> pcm(160000, 0.0F);
  std::uint32_t state = 1;
  for (std::size_t i = 0; i < pcm.size(); ++i) {
    state = state * 1664525U + 1013904223U;
    const bool is_speech = i >= 8000 && i < 24000;
    pcm[i] = (is_speech ? 0.3F : 0.0003F) * (static_cast<float>(state >> 8) / 8388608.0F - 1);
  }
  std::vector<Segment> segments = {segment(0, " hello world", 10)};
  window_.pcm = pcm;
  ASSERT_TRUE(timer_->add_words(decoder_, window_, segments));
  expect_proper(segments, 0, 160000);
  EXPECT_NEAR(static_cast<double>(segments[0].words[0].start), 8000, kPosition);
  EXPECT_NEAR(static_cast<double>(segments[0].words[1].end), 24000, kPosition);
}

TEST_F(WordTimingTest, WithoutSoundALongFirstWordIsShortened) {
  decoder_.first = {0, 200, 210, 220, 230};
  std::vector<Segment> segments = {segment(0, " hello world you hello", 10)};
  ASSERT_TRUE(timer_->add_words(decoder_, window_, segments));
  EXPECT_EQ(segments[0].words[0].start, 180 * kPosition - 160);
}

TEST_F(WordTimingTest, TextIsNotLookedForFarFromItsTimestamps) {
  // The attention lies at 8 s, but according to the timestamps the text ends at 2 s.
  decoder_.first = {400, 410};
  std::vector<Segment> segments = {segment(0, " hello", 2)};
  ASSERT_TRUE(timer_->add_words(decoder_, window_, segments));
  EXPECT_LE(segments[0].words[0].end, 2.6 * kSampleRate);
}

TEST_F(WordTimingTest, SegmentsShareTheWindow) {
  decoder_.first = steady(30, 4);
  std::vector<Segment> segments = {segment(0, " hello world.", 2), segment(2, "", 2),
                                   segment(2, " you", 4)};
  ASSERT_TRUE(timer_->add_words(decoder_, window_, segments));
  expect_proper(segments, 0, 160000);
  EXPECT_EQ(segments[0].words.size(), 2U);
  EXPECT_TRUE(segments[1].words.empty());
  EXPECT_EQ(segments[1].start, 2 * kSampleRate);
  EXPECT_EQ(segments[2].words.size(), 1U);
  EXPECT_EQ(decoder_.n_calls, 1);
}

TEST_F(WordTimingTest, ChineseWordsAreCharacters) {
  const std::string_view text = "\xE4\xBD\xA0\xE5\xA5\xBD\xE3\x80\x82";
  decoder_.first = steady(0, n_tokens(text));
  window_.language = "zh";
  std::vector<Segment> segments = {segment(0, text, 4)};
  ASSERT_TRUE(timer_->add_words(decoder_, window_, segments));
  expect_proper(segments, 0, 160000);
  ASSERT_EQ(segments[0].words.size(), 2U);
  EXPECT_EQ(segments[0].words[1].text, "\xE5\xA5\xBD\xE3\x80\x82");
}

TEST_F(WordTimingTest, ACharacterBetweenTwoSegmentsIsNotLost) {
  // The euro sign's bytes are divided between two segments. The sign's text belongs to the first
  // segment (segments.h).
  const auto euro = tokenizer_->encode(" \xE2\x82\xAC you");
  Segment first;
  first.end = 2 * kSampleRate;
  first.tokens.assign(euro.begin(), euro.begin() + 2);
  first.text = " \xE2\x82\xAC";
  Segment second;
  second.start = first.end;
  second.end = 4 * kSampleRate;
  second.tokens.assign(euro.begin() + 2, euro.end());
  second.text = " you";
  decoder_.first = steady(0, euro.size());
  std::vector<Segment> segments = {first, second};
  ASSERT_TRUE(timer_->add_words(decoder_, window_, segments));
  for (const Segment& segment : segments) {
    std::string text;
    for (const Word& word : segment.words) text += word.text;
    EXPECT_EQ(text, segment.text);
  }
}

TEST_F(WordTimingTest, PunctuationAloneTakesTheTimeOfItsSegment) {
  decoder_.first = steady(0, n_tokens("..") + 1);
  std::vector<Segment> segments = {segment(1, "..", 2)};
  ASSERT_TRUE(timer_->add_words(decoder_, window_, segments));
  ASSERT_EQ(segments[0].words.size(), 1U);
  EXPECT_EQ(segments[0].words[0].start, kSampleRate);
  EXPECT_EQ(segments[0].words[0].end, 2 * kSampleRate);
}

TEST_F(WordTimingTest, MoreTextThanAudioIsSpreadOverIt) {
  std::string text;
  for (int i = 0; i < 100; ++i) text += " hello";
  decoder_.first = std::vector<std::size_t>(101, 0);
  window_.n_frames = 100;
  std::vector<Segment> segments = {segment(0, text, 1)};
  ASSERT_TRUE(timer_->add_words(decoder_, window_, segments));
  ASSERT_EQ(segments[0].words.size(), 100U);
  expect_proper(segments, 0, 16000);
  EXPECT_EQ(segments[0].words[50].start, 8000);
}

TEST_F(WordTimingTest, AWindowOfOneFrameIsEnough) {
  decoder_.first = {0, 0};
  window_.n_frames = 1;
  std::vector<Segment> segments = {segment(0, " hello", 1)};
  ASSERT_TRUE(timer_->add_words(decoder_, window_, segments));
  expect_proper(segments, 0, 160);
}

TEST_F(WordTimingTest, NoTextNeedsNoDecoder) {
  std::vector<Segment> segments = {segment(0, "", 1)};
  ASSERT_TRUE(timer_->add_words(decoder_, window_, segments));
  ASSERT_TRUE(timer_->add_words(decoder_, window_, {}));
  EXPECT_EQ(decoder_.n_calls, 0);
  EXPECT_TRUE(segments[0].words.empty());
}

TEST_F(WordTimingTest, ErrorsArePassedOnAndNamed) {
  std::vector<Segment> segments = {segment(0, " hello", 1)};
  decoder_.first = {0, 10};
  decoder_.error = Error{ErrorCode::Cancelled, "cancelled"};
  EXPECT_EQ(timer_->add_words(decoder_, window_, segments).error().code, ErrorCode::Cancelled);
  decoder_.error.reset();
  decoder_.n_missing = 1;
  const auto short_answer = timer_->add_words(decoder_, window_, segments);
  ASSERT_FALSE(short_answer);
  EXPECT_EQ(short_answer.error().code, ErrorCode::DeviceError);
  EXPECT_NE(short_answer.error().message.find("expected 9000"), std::string::npos)
      << short_answer.error().message;
  decoder_.n_missing = 0;

  window_.language = "xx";
  const auto unknown = timer_->add_words(decoder_, window_, segments);
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, ErrorCode::InvalidArgument);
  EXPECT_NE(unknown.error().message.find("'xx'"), std::string::npos);
  window_.language = "en";

  std::string text;
  for (int i = 0; i < 444; ++i) text += " hello";
  std::vector<Segment> long_text = {segment(0, text, 20)};
  const auto too_long = timer_->add_words(decoder_, window_, long_text);
  ASSERT_FALSE(too_long);
  EXPECT_NE(too_long.error().message.find("448"), std::string::npos) << too_long.error().message;

  config_.alignment_heads.clear();
  timer_.emplace(*tokenizer_, config_);
  EXPECT_EQ(timer_->add_words(decoder_, window_, segments).error().code, ErrorCode::Unsupported);
}

TEST_F(WordTimingTest, TheLongestTextFits) {
  std::string text;
  for (int i = 0; i < 443; ++i) text += " hello";
  decoder_.first.clear();
  for (std::size_t i = 0; i <= 443; ++i) decoder_.first.push_back(3 * i);
  window_.n_frames = 3000;
  std::vector<Segment> segments = {segment(0, text, 29)};
  ASSERT_TRUE(timer_->add_words(decoder_, window_, segments));
  expect_proper(segments, 0, 480000);
  EXPECT_EQ(segments[0].words[300].start, 900 * kPosition - 160);
}

}  // namespace
}  // namespace npuwhisper
