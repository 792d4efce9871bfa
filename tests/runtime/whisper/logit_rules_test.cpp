// SPDX-License-Identifier: LGPL-2.1-or-later
#include "whisper/logit_rules.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "vocabulary.h"

namespace npuwhisper {
namespace {

using test::Vocabulary;

class LogitRulesTest : public ::testing::Test {
 protected:
  /// Applies the rules and returns the logits. Before the rules, the logits of `probable` tokens
  /// are 10 and all other logits are 0.
  std::vector<float> apply(const std::vector<Token>& sampled,
                           const std::vector<Token>& probable = {}) {
    std::vector<float> logits(static_cast<std::size_t>(vocabulary_.tokenizer->n_vocab()), 0);
    for (const Token token : probable) logits[static_cast<std::size_t>(token)] = 10;
    const LogitRules rules(*vocabulary_.tokenizer, vocabulary_.config, options_);
    summary_ = rules.apply(sampled, logits);
    return logits;
  }
  static bool allowed(const std::vector<float>& logits, Token token) {
    return std::isfinite(logits[static_cast<std::size_t>(token)]);
  }
  static int n_allowed(const std::vector<float>& logits, Token first, Token last) {
    int n = 0;
    for (Token token = first; token < last; ++token) n += allowed(logits, token) ? 1 : 0;
    return n;
  }
  Token a() const { return vocabulary_.text("a").front(); }
  Token b() const { return vocabulary_.text("b").front(); }
  Token at(double seconds) const { return vocabulary_.at(seconds); }
  Token n_vocab() const { return vocabulary_.tokenizer->n_vocab(); }

  const Vocabulary& vocabulary_ = Vocabulary::multilingual();
  TranscriberOptions options_;
  LogitSummary summary_;
};

TEST_F(LogitRulesTest, BeginsWithATimestampOfAtMostTheMaximum) {
  const auto logits = apply({});
  EXPECT_EQ(n_allowed(logits, 0, at(0)), 0);
  EXPECT_EQ(n_allowed(logits, at(0), n_vocab()), 51) << "0.00 to 1.00";
  EXPECT_TRUE(allowed(logits, at(1)));
  EXPECT_FALSE(allowed(logits, at(1.02)));

  options_.max_initial_timestamp = 0;
  EXPECT_EQ(n_allowed(apply({}), at(0), n_vocab()), 1);
  options_.max_initial_timestamp = 30;
  EXPECT_EQ(n_allowed(apply({}), at(0), n_vocab()), 1501);
}

TEST_F(LogitRulesTest, TextFollowsTheFirstTimestamp) {
  const auto logits = apply({at(0)});
  EXPECT_EQ(n_allowed(logits, at(0), n_vocab()), 0);
  EXPECT_TRUE(allowed(logits, a()));
  EXPECT_TRUE(allowed(logits, vocabulary_.eot()));
}

TEST_F(LogitRulesTest, SpecialTokensAreNeverSaid) {
  const SpecialTokens& special = vocabulary_.special();
  for (const bool suppress : {true, false}) {
    options_.suppress_non_speech = suppress;
    const auto logits = apply({at(0)});
    for (const Token token : {special.sot, special.transcribe, special.translate, special.sot_lm,
                              special.sot_prev, special.no_speech, special.no_timestamps}) {
      EXPECT_FALSE(allowed(logits, token)) << token;
    }
  }
}

TEST_F(LogitRulesTest, NonSpeechSymbolsAreAnOption) {
  ASSERT_FALSE(vocabulary_.config.suppress_tokens.empty());
  const Token symbol = vocabulary_.config.suppress_tokens.front();
  EXPECT_FALSE(allowed(apply({at(0)}), symbol));
  options_.suppress_non_speech = false;
  EXPECT_TRUE(allowed(apply({at(0)}), symbol));
}

TEST_F(LogitRulesTest, SomeTokensAreForbiddenAtTheBeginningOnly) {
  ModelConfig config = vocabulary_.config;
  config.suppress_begin_tokens = {at(0), -1, n_vocab()};  // The last two values are not tokens.
  const auto apply_with = [&](const std::vector<Token>& sampled) {
    std::vector<float> logits(static_cast<std::size_t>(n_vocab()), 0);
    LogitRules(*vocabulary_.tokenizer, config, options_).apply(sampled, logits);
    return logits;
  };
  EXPECT_FALSE(allowed(apply_with({}), at(0)));
  EXPECT_TRUE(allowed(apply_with({}), at(0.02)));
  options_.suppress_blank = false;
  EXPECT_TRUE(allowed(apply_with({}), at(0)));
}

TEST_F(LogitRulesTest, TimestampsComeInPairs) {
  const auto after_one = apply({at(0), a(), at(2)}, {vocabulary_.eot()});
  EXPECT_EQ(n_allowed(after_one, 0, vocabulary_.eot()), 0) << "no text after a segment's end";
  EXPECT_TRUE(allowed(after_one, vocabulary_.eot()));
  EXPECT_TRUE(allowed(after_one, at(2)));

  const auto after_two = apply({at(0), a(), at(2), at(2)});
  EXPECT_EQ(n_allowed(after_two, at(0), n_vocab()), 0) << "no third timestamp";
  EXPECT_TRUE(allowed(after_two, a()));
}

TEST_F(LogitRulesTest, TimestampsNeverGoBack) {
  const auto in_text = apply({at(0), a(), at(2), at(2), b()}, {a()});
  EXPECT_FALSE(allowed(in_text, at(1.98)));
  EXPECT_FALSE(allowed(in_text, at(2))) << "a segment lasts at least one step";
  EXPECT_TRUE(allowed(in_text, at(2.02)));

  const auto after_end = apply({at(0), a(), at(2)});
  EXPECT_FALSE(allowed(after_end, at(1.98)));
  EXPECT_TRUE(allowed(after_end, at(2))) << "the next segment may begin at once";
}

TEST_F(LogitRulesTest, TimestampsTogetherBeatTheBestText) {
  // 1500 timestamps with a logit of 0 each compete with one text token.
  std::vector<float> logits(static_cast<std::size_t>(n_vocab()), -100);
  const LogitRules rules(*vocabulary_.tokenizer, vocabulary_.config, options_);
  const auto reset = [&](float best_text) {
    std::fill(logits.begin(), logits.end(), -100.0F);
    std::fill(logits.begin() + at(0), logits.end(), 0.0F);
    logits[static_cast<std::size_t>(a())] = best_text;
  };
  const float together = std::log(1500.0F);  // Combined logit of all timestamps except <|0.00|>.
  const std::vector<Token> sampled = {at(0), b()};

  reset(together - 0.01F);
  LogitSummary summary = rules.apply(sampled, logits);
  EXPECT_FALSE(allowed(logits, a()));
  EXPECT_NEAR(summary.log_sum, together, 1e-4);
  EXPECT_EQ(summary.max, 0);

  reset(together + 0.01F);
  summary = rules.apply(sampled, logits);
  EXPECT_TRUE(allowed(logits, a()));
  EXPECT_NEAR(summary.log_sum, together + std::log(1 + std::exp(0.01)), 1e-4);
  EXPECT_FLOAT_EQ(summary.max, together + 0.01F);
}

TEST_F(LogitRulesTest, SummaryCoversAllowedTokens) {
  const auto logits = apply({at(0)}, {a(), b(), vocabulary_.special().sot});
  double sum = 0;
  for (const float logit : logits) sum += std::exp(static_cast<double>(logit));
  EXPECT_NEAR(summary_.log_sum, std::log(sum), 1e-5);
  EXPECT_EQ(summary_.max, 10);
}

TEST_F(LogitRulesTest, NoAllowedTokenGivesNonFiniteSum) {
  std::vector<float> logits(static_cast<std::size_t>(n_vocab()),
                            std::numeric_limits<float>::quiet_NaN());
  const LogitRules rules(*vocabulary_.tokenizer, vocabulary_.config, options_);
  EXPECT_FALSE(std::isfinite(rules.apply(std::vector<Token>{at(0)}, logits).log_sum));
}

}  // namespace
}  // namespace npuwhisper
