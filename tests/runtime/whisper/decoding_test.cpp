// SPDX-License-Identifier: LGPL-2.1-or-later
#include "whisper/decoding.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "scripted_decoder.h"
#include "sound_detector.h"
#include "vocabulary.h"

namespace npuwhisper {
namespace {

using test::prefer;
using test::say;
using test::Script;
using test::ScriptedDecoder;
using test::ScriptStep;
using test::Vocabulary;

class DecodingTest : public ::testing::Test {
 protected:
  Result<const DecodedWindow*> decode(Script script, const WindowVoice& voice = {}) {
    window_decoder_.reset();
    decoder_.emplace(ScriptedDecoder::Shape{.n_vocab = vocabulary_.tokenizer->n_vocab(),
                                            .max_sequences = sequences_needed(options_)},
                     std::move(script));
    EXPECT_TRUE(decoder_->encode({}, 0));
    stats_ = {};
    window_decoder_.emplace(*vocabulary_.tokenizer, vocabulary_.config, options_, *decoder_, stats_,
                            nullptr);
    return window_decoder_->decode(
        prompt_.build(vocabulary_.tokenizer->language_token("en"), Task::Transcribe), voice);
  }
  /// Returns a script that outputs texts[attempt]. Each token except timestamps has the probability
  /// confidence[attempt]. Twenty letters share the remaining probability. At the start of the
  /// transcript, the no-speech token has the probability `no_speech`.
  Script attempts(std::vector<std::vector<Token>> texts, std::vector<float> confidence,
                  float no_speech = 0) const {
    return [this, texts, confidence, no_speech](const ScriptStep& at, std::span<float> logits) {
      std::fill(logits.begin(), logits.end(), -60.0F);
      const bool at_sot = at.sampled.empty() && at.prompt.back() == special_.sot;
      if (at_sot) {
        logits[static_cast<std::size_t>(special_.no_speech)] = std::log(no_speech);
        logits[static_cast<std::size_t>(special_.no_speech) + 1] = std::log(1 - no_speech);
        return;
      }
      const auto i = static_cast<std::size_t>(at.attempt);
      const auto& text = texts.at(i);
      const Token next =
          at.sampled.size() < text.size() ? text[at.sampled.size()] : vocabulary_.eot();
      logits[static_cast<std::size_t>(next)] = std::log(confidence.at(i));
      for (char letter = 'a'; letter <= 't'; ++letter) {
        const Token other = vocabulary_.text(std::string(1, letter)).front();
        logits[static_cast<std::size_t>(other)] = std::log((1 - confidence.at(i)) / 20);
      }
    };
  }
  std::vector<Token> loop() const {
    std::string text;
    for (int i = 0; i < 40; ++i) text += " hello";
    return vocabulary_.segment(0, text, 20);
  }

  const Vocabulary& vocabulary_ = Vocabulary::multilingual();
  const SpecialTokens& special_ = vocabulary_.special();
  const std::vector<Token> good_ = vocabulary_.segment(0, " hello world", 2);
  const std::vector<Token> long_ =
      vocabulary_.segment(0, " hello you the world you hello other you the you world hello", 9);
  Prompt prompt_{*vocabulary_.tokenizer, 448, ""};
  TranscriberOptions options_;
  TranscriberStats stats_;
  std::optional<ScriptedDecoder> decoder_;
  std::optional<WindowDecoder> window_decoder_;
};

TEST_F(DecodingTest, AGoodTextNeedsOneAttempt) {
  const auto heard = decode(attempts({good_}, {1}, 0.25F));
  ASSERT_TRUE(heard) << heard.error().message;
  EXPECT_EQ((*heard)->tokens, good_);
  EXPECT_EQ((*heard)->temperature, 0);
  EXPECT_NEAR((*heard)->average_log_probability, 0, 1e-5);
  EXPECT_NEAR((*heard)->no_speech_probability, 0.25, 1e-5);
  EXPECT_GT((*heard)->compression_ratio, 0);
  EXPECT_EQ(decoder_->prompts.size(), 1U);
  EXPECT_EQ(stats_.fallbacks, 0U);
  EXPECT_EQ(stats_.tokens, good_.size() + 1);
}

TEST_F(DecodingTest, ARepetitiveTextIsDecodedAgain) {
  const auto heard = decode(attempts({loop(), good_}, {1, 1}));
  ASSERT_TRUE(heard);
  EXPECT_EQ((*heard)->tokens, good_);
  EXPECT_FLOAT_EQ((*heard)->temperature, 0.2F);
  EXPECT_EQ(stats_.fallbacks, 1U);
  EXPECT_EQ(decoder_->windows.size(), 1U) << "encoded once";

  options_.compression_ratio_threshold = std::numeric_limits<float>::infinity();
  EXPECT_EQ((*decode(attempts({loop()}, {1})))->tokens, loop());
}

TEST_F(DecodingTest, ATextWithFarTooFewWordsIsDecodedAgain) {
  const auto detector = test::make_sound_detector();
  detector->push(std::vector<float>(20 * kSampleRate, 0.1F));
  detector->finish();
  const auto sparse = vocabulary_.segment(0, " hello world", 20);
  prompt_.append(long_);
  const auto decoded = [&](const std::vector<Token>& text, const SpeechDetector* heard,
                           std::int64_t begin) {
    return (*decode(attempts({text, good_}, {1, 1}),
                    {.detector = heard, .begin = begin, .end = begin + 30 * kSampleRate}))
        ->tokens;
  };
  EXPECT_EQ(decoded(sparse, detector.get(), 0), good_);
  EXPECT_EQ(stats_.fallbacks, 1U);
  ASSERT_EQ(decoder_->prompts.size(), 2U);
  EXPECT_EQ(decoder_->prompts[0].front(), special_.sot_prev);
  EXPECT_EQ(decoder_->prompts[1].front(), special_.sot);
  // No text counts as missing in these cases: there is no detector, there is too little voice, or
  // the voice lies between the times of two texts.
  EXPECT_EQ(decoded(sparse, nullptr, 0), sparse);
  EXPECT_EQ(decoded(sparse, detector.get(), 12 * kSampleRate), sparse);
  EXPECT_EQ(decoded(vocabulary_.segment(0, " hello world", 9), detector.get(), 0).size(), 4U);
  const auto late = Vocabulary::join({good_, vocabulary_.segment(19, " hello", 20)});
  EXPECT_EQ(decoded(late, detector.get(), 0), late);
}

TEST_F(DecodingTest, ATextWithTooFewWordsIsBetterThanAWorseOne) {
  const auto detector = test::make_sound_detector();
  detector->push(std::vector<float>(20 * kSampleRate, 0.1F));
  detector->finish();
  const WindowVoice voice = {
      .is_spoken = true, .detector = detector.get(), .end = 20 * kSampleRate};
  const auto sparse = vocabulary_.segment(0, " hello world", 20);
  options_.temperatures = {0, 0.001F};
  options_.best_of = 1;
  for (const auto& worse :
       {std::vector<Token>{vocabulary_.at(0)}, loop(), vocabulary_.segment(0, " hello", 20)}) {
    const auto heard = decode(attempts({sparse, worse}, {0.9F, 1}), voice);
    ASSERT_TRUE(heard);
    EXPECT_EQ((*heard)->tokens, sparse);
  }
  const auto improbable = decode(attempts({sparse, long_}, {0.9F, 0.25F}, 0.9F), voice);
  ASSERT_TRUE(improbable);
  EXPECT_EQ((*improbable)->tokens, sparse) << "the longer text counts as silence";
}

TEST_F(DecodingTest, ATextWithoutEndTimeCanLackWords) {
  const auto detector = test::make_sound_detector();
  detector->push(std::vector<float>(40 * kSampleRate, 0.1F));
  detector->finish();
  const auto fallbacks = [&](const std::vector<Token>& text, std::int64_t end) {
    stats_.fallbacks = 0;
    EXPECT_TRUE(decode(attempts({text, good_}, {1, 1}), {.detector = detector.get(), .end = end}));
    return stats_.fallbacks;
  };
  const auto open = Vocabulary::join({{vocabulary_.at(0)}, vocabulary_.text(" hello")});
  EXPECT_EQ(fallbacks(open, 20 * kSampleRate), 1U);
  EXPECT_EQ(fallbacks(open, 5 * kSampleRate), 0U);
  // The next window begins at the end of the first segment.
  const auto after = Vocabulary::join({good_, {vocabulary_.at(2)}, vocabulary_.text(" hello")});
  EXPECT_EQ(fallbacks(after, 20 * kSampleRate), 0U);
  // The voice after the window does not count.
  EXPECT_EQ(fallbacks(vocabulary_.segment(0, " hello", 25), 9 * kSampleRate), 0U);
}

TEST_F(DecodingTest, AnImprobableTextIsDecodedAgain) {
  options_.best_of = 1;
  options_.temperatures = {0, 0.001F};  // At 0.001, sampling selects the most probable token.
  const auto heard = decode(attempts({good_, good_}, {0.06F, 1}));
  ASSERT_TRUE(heard);
  EXPECT_FLOAT_EQ((*heard)->temperature, 0.001F);

  options_.log_prob_threshold = -3;
  EXPECT_EQ((*decode(attempts({good_}, {0.06F})))->temperature, 0);
}

TEST_F(DecodingTest, SilenceIsNotDecodedAgain) {
  const auto heard = decode(attempts({good_}, {0.06F}, 0.9F));
  ASSERT_TRUE(heard);
  EXPECT_EQ(stats_.fallbacks, 0U);
  EXPECT_LT((*heard)->average_log_probability, -1);
  EXPECT_NEAR((*heard)->no_speech_probability, 0.9, 1e-5);
}

TEST_F(DecodingTest, IfAllFailTheMostProbableThatIsNotRepetitiveIsTaken) {
  options_.best_of = 1;
  options_.temperatures = {0, 0.001F, 0.002F, 0.003F};
  options_.log_prob_threshold = -0.01F;
  const auto other = vocabulary_.segment(0, " you", 2);
  const auto heard = decode(attempts({loop(), good_, other, good_}, {1, 0.6F, 0.8F, 0.7F}));
  ASSERT_TRUE(heard);
  EXPECT_EQ((*heard)->tokens, other);
  EXPECT_FLOAT_EQ((*heard)->temperature, 0.003F) << "the last one counts for the prompt's reset";
  EXPECT_EQ(stats_.fallbacks, 3U);
}

TEST_F(DecodingTest, IfAllAreRepetitiveTheMostProbableIsTaken) {
  options_.best_of = 1;
  options_.temperatures = {0, 0.001F, 0.002F};
  auto longer = loop();
  longer.insert(longer.end() - 1, loop()[1]);
  const auto heard = decode(attempts({loop(), longer, loop()}, {0.7F, 0.9F, 0.8F}));
  ASSERT_TRUE(heard);
  EXPECT_EQ((*heard)->tokens, longer);
}

TEST_F(DecodingTest, TheLongestTextFillsTheContext) {
  const Script babble = [&](const ScriptStep& at, std::span<float> logits) {
    prefer(logits, at.sampled.empty() ? vocabulary_.at(0) : vocabulary_.text("a").front());
  };
  options_.temperatures = {0};
  EXPECT_EQ((*decode(babble))->tokens.size(), 224U);
  EXPECT_EQ(decoder_->n_steps, 223);

  prompt_.append(std::vector<Token>(300, 1));
  const auto heard = decode(babble);
  ASSERT_TRUE(heard) << "the decoder would refuse a sequence that is too long";
  EXPECT_EQ((*heard)->tokens.size(), 448U - (1 + 223 + 3 - 1)) << "as CTranslate2 counts";
}

TEST_F(DecodingTest, BeamAtTemperatureZeroOnly) {
  options_.beam_size = 3;
  options_.best_of = 2;
  EXPECT_EQ(sequences_needed(options_), 3);
  const auto heard = decode(attempts({loop(), good_}, {1, 1}));
  ASSERT_TRUE(heard);
  EXPECT_EQ((*heard)->tokens, good_);
  options_.best_of = 7;
  EXPECT_EQ(sequences_needed(options_), 7);
  options_.temperatures = {0};
  EXPECT_EQ(sequences_needed(options_), 3);
}

TEST_F(DecodingTest, SilenceIsDecodedOnce) {
  const auto heard = decode(attempts({long_, long_}, {0.4F, 0.9F}, 0.9F));
  ASSERT_TRUE(heard);
  EXPECT_TRUE(is_silent(**heard, false, options_));
  EXPECT_EQ(stats_.fallbacks, 0U);
}

TEST_F(DecodingTest, SpokenWindowIsSilentBelowTheLogProbThresholdOnly) {
  DecodedWindow heard;
  heard.no_speech_probability = 0.95F;
  heard.average_log_probability = -0.95F;
  EXPECT_TRUE(is_silent(heard, false, options_));
  EXPECT_FALSE(is_silent(heard, true, options_));
  heard.average_log_probability = -1.05F;
  EXPECT_TRUE(is_silent(heard, true, options_));
  heard.no_speech_probability = 0.25F;
  EXPECT_FALSE(is_silent(heard, true, options_));
}

TEST_F(DecodingTest, SpokenSilenceIsNotSampled) {
  const auto heard = decode(attempts({long_, long_}, {0.25F, 0.9F}, 0.9F), {.is_spoken = true});
  ASSERT_TRUE(heard);
  EXPECT_TRUE(is_silent(**heard, true, options_));
  EXPECT_EQ(stats_.fallbacks, 0U);
}

TEST_F(DecodingTest, AnEnglishOnlyPromptGivesBothRowsAtOnce) {
  const Vocabulary& english = Vocabulary::english_only();
  const auto text = english.segment(0, " hello", 2);
  ScriptedDecoder decoder({.n_vocab = english.tokenizer->n_vocab(), .max_sequences = 5},
                          say(*english.tokenizer, {text}));
  ASSERT_TRUE(decoder.encode({}, 0));
  WindowDecoder window_decoder(*english.tokenizer, english.config, options_, decoder, stats_,
                               nullptr);
  Prompt prompt(*english.tokenizer, 448, "");
  const auto heard = window_decoder.decode(prompt.build(std::nullopt, Task::Transcribe));
  ASSERT_TRUE(heard) << heard.error().message;
  EXPECT_EQ((*heard)->tokens, text);
  EXPECT_NEAR((*heard)->no_speech_probability, 0, 1e-5);
}

TEST_F(DecodingTest, TheSameSeedGivesTheSameText) {
  options_.temperatures = {1};
  const Script even = [&](const ScriptStep& at, std::span<float> logits) {
    if (at.sampled.size() > 20) prefer(logits, vocabulary_.eot());
  };
  const auto first = (*decode(even))->tokens;
  EXPECT_EQ((*decode(even))->tokens, first);
  options_.seed = 1;
  EXPECT_NE((*decode(even))->tokens, first);
}

}  // namespace
}  // namespace npuwhisper
