// SPDX-License-Identifier: LGPL-2.1-or-later
#include "whisper/language_decision.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "scripted_decoder.h"
#include "vocabulary.h"

namespace npuwhisper {
namespace {

using test::prefer;
using test::ScriptedDecoder;
using test::ScriptStep;
using test::Vocabulary;

/// Probabilities by language code. Of the languages en, zh, de, es and fr, those that are not in
/// the map share the remaining probability equally.
using Odds = std::map<std::string, float>;

class LanguageDecisionTest : public ::testing::Test {
 protected:
  LanguageDecision make() const { return {*vocabulary_.tokenizer, options_}; }

  /// Passes a window of `seconds` to the decision. In this window, the languages have the
  /// probabilities `odds`.
  void hear(LanguageDecision& decision, std::int64_t first_frame, double seconds,
            const Odds& odds) const {
    ScriptedDecoder decoder(
        {.n_vocab = vocabulary_.tokenizer->n_vocab()},
        [&](const ScriptStep& at, std::span<float> logits) {
          EXPECT_EQ(at.prompt.size(), 1U);
          EXPECT_EQ(at.prompt.back(), vocabulary_.special().sot);
          // The no-speech token is most probable, but must be ignored, because it is not a
          // language.
          prefer(logits, vocabulary_.special().no_speech, 50);
          float rest = 1;
          for (const auto& [code, p] : odds) rest -= p;
          const auto tokens = vocabulary_.tokenizer->language_tokens();
          const float other = rest / static_cast<float>(tokens.size() - odds.size());
          for (const Token token : tokens) {
            const auto found = odds.find(std::string(vocabulary_.tokenizer->language_code(token)));
            logits[static_cast<std::size_t>(token)] =
                std::log(found == odds.end() ? other : found->second);
          }
        });
    ASSERT_TRUE(decoder.encode({}, 0));
    ASSERT_TRUE(decision.hear_window(decoder, first_frame,
                                     static_cast<std::int64_t>(seconds * kSampleRate)));
  }

  const Vocabulary& vocabulary_ = Vocabulary::multilingual();
  TranscriberOptions options_;
};

TEST_F(LanguageDecisionTest, GivenLanguageIsSettled) {
  options_.language = "de";
  options_.languages = {"en", "es"};
  const LanguageDecision decision = make();
  EXPECT_TRUE(decision.is_given());
  EXPECT_TRUE(decision.is_settled());
  EXPECT_EQ(decision.code(), "de") << "whatever the candidates are";
  EXPECT_EQ(decision.token(), vocabulary_.tokenizer->language_token("de"));
  EXPECT_EQ(decision.probability(), 1);
}

TEST_F(LanguageDecisionTest, SingleCandidateIsGiven) {
  options_.languages = {"fr"};
  EXPECT_TRUE(make().is_given());
  EXPECT_EQ(make().code(), "fr");
}

TEST_F(LanguageDecisionTest, EnglishOnlyModelIsEnglish) {
  const LanguageDecision decision(*Vocabulary::english_only().tokenizer, options_);
  EXPECT_TRUE(decision.is_settled());
  EXPECT_EQ(decision.code(), "en");
  EXPECT_EQ(decision.token(), std::nullopt);
  EXPECT_EQ(decision.probability(), 1);
}

TEST_F(LanguageDecisionTest, NothingHeardIsNoLanguage) {
  const LanguageDecision decision = make();
  EXPECT_FALSE(decision.is_given());
  EXPECT_FALSE(decision.is_settled());
  EXPECT_EQ(decision.code(), "");
  EXPECT_EQ(decision.token(), std::nullopt);
  EXPECT_EQ(decision.probability(), 0);
}

TEST_F(LanguageDecisionTest, OneClearWindowSettlesIt) {
  LanguageDecision decision = make();
  hear(decision, 0, 5, {{"es", 0.6F}});
  EXPECT_EQ(decision.code(), "es");
  EXPECT_NEAR(decision.probability(), 0.6, 1e-4);
  EXPECT_FALSE(decision.is_settled()) << "it may have been silence";
  decision.keep_window();
  EXPECT_TRUE(decision.is_settled());
  decision.reset();
  EXPECT_FALSE(decision.is_settled());
  EXPECT_EQ(decision.code(), "");
}

TEST_F(LanguageDecisionTest, CandidatesShareTheProbability) {
  options_.languages = {"en", "es"};
  LanguageDecision decision = make();
  hear(decision, 0, 5, {{"fr", 0.6F}, {"es", 0.3F}, {"en", 0.05F}});
  EXPECT_EQ(decision.code(), "es");
  EXPECT_NEAR(decision.probability(), 0.3 / 0.35, 1e-4);
}

TEST_F(LanguageDecisionTest, WindowsThatAgreeRemoveDoubt) {
  LanguageDecision decision = make();
  hear(decision, 0, 30, {{"es", 0.45F}, {"fr", 0.3F}});
  decision.keep_window();
  EXPECT_FALSE(decision.is_settled());
  hear(decision, 3000, 30, {{"es", 0.45F}, {"fr", 0.3F}});
  EXPECT_FALSE(decision.is_settled()) << "it may have been silence";
  EXPECT_EQ(decision.code(), "es");
  // Over the two windows, the weight of "es" is 0.45^2, that of "fr" is 0.3^2, and that of each of
  // the three other languages is 0.083^2.
  EXPECT_NEAR(decision.probability(), 0.2025 / (0.2025 + 0.09 + 3 * 0.00694), 1e-3);
  decision.keep_window();
  EXPECT_TRUE(decision.is_settled());
}

TEST_F(LanguageDecisionTest, LittleSpeechSaysLittle) {
  LanguageDecision decision = make();
  hear(decision, 0, 30, {{"es", 0.45F}, {"fr", 0.1F}});
  decision.keep_window();
  hear(decision, 3000, 1, {{"fr", 0.9F}});
  EXPECT_EQ(decision.code(), "es");
  hear(decision, 3000, 30, {{"fr", 0.9F}});
  EXPECT_EQ(decision.code(), "fr");
}

TEST_F(LanguageDecisionTest, WindowThatIsHeardAgainCountsOnce) {
  LanguageDecision decision = make();
  for (int pass = 1; pass <= 5; ++pass) {
    hear(decision, 0, pass, {{"es", 0.4F}, {"fr", 0.3F}});
    EXPECT_NEAR(decision.probability(), 0.4, 1e-4) << pass;
    decision.keep_window();
  }
  EXPECT_FALSE(decision.is_settled());
}

TEST_F(LanguageDecisionTest, SilentWindowDoesNotCount) {
  LanguageDecision decision = make();
  hear(decision, 0, 30, {{"fr", 0.9F}});
  hear(decision, 3000, 30, {{"es", 0.4F}});
  EXPECT_EQ(decision.code(), "es") << "nobody kept the first";
  EXPECT_NEAR(decision.probability(), 0.4, 1e-4);
}

TEST_F(LanguageDecisionTest, DoubtEndsAfterAMinute) {
  LanguageDecision decision = make();
  hear(decision, 0, 30, {{"es", 0.21F}});
  decision.keep_window();
  EXPECT_FALSE(decision.is_settled());
  hear(decision, 3000, 30, {{"fr", 0.21F}});
  decision.keep_window();
  EXPECT_TRUE(decision.is_settled());
  EXPECT_LT(decision.probability(), kSureProbability);
}

}  // namespace
}  // namespace npuwhisper
