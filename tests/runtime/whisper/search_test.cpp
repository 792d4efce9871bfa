// SPDX-License-Identifier: LGPL-2.1-or-later
#include "whisper/search.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <optional>
#include <vector>

#include "scripted_decoder.h"
#include "vocabulary.h"

namespace npuwhisper {
namespace {

using test::prefer;
using test::say;
using test::Script;
using test::ScriptedDecoder;
using test::ScriptStep;
using test::Vocabulary;

constexpr int kMaxSequences = 8;
constexpr int kMaxNew = 224;

class SearchTest : public ::testing::Test {
 protected:
  /// Creates a decoder, runs its prompt and returns the logits after the prompt.
  std::span<float> start(Script script) {
    decoder_.emplace(ScriptedDecoder::Shape{.n_vocab = vocabulary_.tokenizer->n_vocab(),
                                            .max_sequences = kMaxSequences},
                     std::move(script));
    EXPECT_TRUE(decoder_->encode({}, 0));
    const std::vector<Token> prompt = {vocabulary_.special().sot};
    return *decoder_->prompt(prompt, std::vector<int>{0});
  }
  Search make_search() {
    return Search(rules_, vocabulary_.eot(),
                  {.n_vocab = vocabulary_.tokenizer->n_vocab(),
                   .max_sequences = kMaxSequences,
                   .max_new_tokens = kMaxNew});
  }
  /// Runs a started search from the logits after the prompt.
  Result<const Hypothesis*> run(Search& search, std::span<float> logits) {
    for (;;) {
      const auto more = search.take(logits);
      if (!more) return fail(more.error());
      if (!*more) return &search.best();
      search.fork(*decoder_);
      const auto stepped = decoder_->step(search.next());
      if (!stepped) return fail(stepped.error());
      logits = *stepped;
    }
  }
  Result<const Hypothesis*> find_greedy(Search& search, std::span<float> logits, int max_new) {
    search.start_greedy(max_new, 1);
    return run(search, logits);
  }
  Result<const Hypothesis*> find_sample(Search& search, std::span<float> logits, int max_new, int n,
                                        float temperature, float length_penalty) {
    search.start_sampling(max_new, n, temperature, length_penalty);
    return run(search, logits);
  }
  Result<const Hypothesis*> find_beam(Search& search, std::span<float> logits, int max_new,
                                      int width, float patience, float length_penalty) {
    search.start_beams(max_new, width, patience, length_penalty);
    return run(search, logits);
  }
  /// Sets the probabilities of the tokens that may follow. All other tokens get nearly 0.
  static void choose(std::span<float> logits, const std::map<Token, double>& probabilities) {
    std::fill(logits.begin(), logits.end(), -60.0F);
    for (const auto& [token, probability] : probabilities) {
      logits[static_cast<std::size_t>(token)] = static_cast<float>(std::log(probability));
    }
  }
  Token token(std::string_view letter) const { return vocabulary_.text(letter).front(); }
  std::vector<Token> tokens(const std::string& letters) const {
    std::vector<Token> result = {vocabulary_.at(0)};
    for (const char letter : letters) result.push_back(token(std::string(1, letter)));
    return result;
  }

  const Vocabulary& vocabulary_ = Vocabulary::multilingual();
  const TranscriberOptions options_;
  const LogitRules rules_{*vocabulary_.tokenizer, vocabulary_.config, options_};
  std::optional<ScriptedDecoder> decoder_;
};

TEST_F(SearchTest, GreedySaysTheMostProbableText) {
  const auto text = vocabulary_.segment(0, " hello world", 2);
  const auto logits = start(say(*vocabulary_.tokenizer, {text}));
  Search search = make_search();
  const auto found = find_greedy(search, logits, kMaxNew);
  ASSERT_TRUE(found);
  EXPECT_EQ((*found)->tokens, text);
  EXPECT_NEAR((*found)->sum_log_probability, 0, 1e-3);
  EXPECT_EQ(decoder_->n_steps, static_cast<int>(text.size()));
  EXPECT_EQ(decoder_->n_forks, 0) << "one sequence needs no copy";
  EXPECT_EQ(search.n_tokens(), text.size() + 1) << "the end of text counts";
}

TEST_F(SearchTest, LogProbabilityIsThatOfTheChosenTokens) {
  const auto logits = start([&](const ScriptStep& at, std::span<float> row) {
    switch (at.sampled.size()) {
      case 0:
        return choose(row, {{vocabulary_.at(0), 1}});
      case 1:
        return choose(row, {{token("a"), 0.6}, {token("b"), 0.4}});
      default:
        return choose(row, {{vocabulary_.eot(), 0.7}, {token("b"), 0.3}});
    }
  });
  Search search = make_search();
  const auto found = find_greedy(search, logits, kMaxNew);
  ASSERT_TRUE(found);
  EXPECT_EQ((*found)->tokens, tokens("a"));
  EXPECT_NEAR((*found)->sum_log_probability, std::log(0.6 * 0.7), 1e-4);
  EXPECT_NEAR((*found)->average_log_probability(), std::log(0.6 * 0.7) / 3, 1e-4);
}

TEST_F(SearchTest, EndsAtTheLongestText) {
  const Script babble = [&](const ScriptStep& at, std::span<float> row) {
    prefer(row, at.sampled.empty() ? vocabulary_.at(0) : token("a"));
  };
  Search search = make_search();
  const auto greedy = find_greedy(search, start(babble), 5);
  ASSERT_TRUE(greedy);
  EXPECT_EQ((*greedy)->tokens, tokens("aaaa"));
  EXPECT_EQ(decoder_->n_steps, 4);
  const auto beam = find_beam(search, start(babble), 5, 3, 1, 1);
  ASSERT_TRUE(beam);
  EXPECT_EQ((*beam)->tokens, tokens("aaaa"));
}

// "a" is the better first step, but "b" leads to the better text: 0.4 * 0.9 > 0.6 * 0.5.
void fork_in_the_road(const Vocabulary& vocabulary, const ScriptStep& at,
                      std::map<Token, double>& next) {
  const Token a = vocabulary.text("a").front();
  const Token b = vocabulary.text("b").front();
  const Token c = vocabulary.text("c").front();
  const Token d = vocabulary.text("d").front();
  if (at.sampled.empty()) {
    next = {{vocabulary.at(0), 1}};
  } else if (at.sampled.size() == 1) {
    next = {{a, 0.6}, {b, 0.4}};
  } else if (at.sampled.size() == 2) {
    next = at.sampled[1] == a ? std::map<Token, double>{{c, 0.5}, {d, 0.5}}
                              : std::map<Token, double>{{c, 0.9}, {d, 0.1}};
  } else {
    next = {{vocabulary.eot(), 1}};
  }
}

TEST_F(SearchTest, BeamFindsWhatGreedyMisses) {
  const Script script = [&](const ScriptStep& at, std::span<float> row) {
    std::map<Token, double> next;
    fork_in_the_road(vocabulary_, at, next);
    choose(row, next);
  };
  Search search = make_search();
  const auto greedy = find_greedy(search, start(script), kMaxNew);
  ASSERT_TRUE(greedy);
  EXPECT_EQ((*greedy)->tokens, tokens("ac"));
  EXPECT_NEAR((*greedy)->sum_log_probability, std::log(0.3), 1e-4);

  const auto beam = find_beam(search, start(script), kMaxNew, 2, 1, 1);
  ASSERT_TRUE(beam);
  EXPECT_EQ((*beam)->tokens, tokens("bc"));
  EXPECT_NEAR((*beam)->sum_log_probability, std::log(0.36), 1e-4);
}

TEST_F(SearchTest, ABeamOfOneIsGreedy) {
  const Script script = [&](const ScriptStep& at, std::span<float> row) {
    std::map<Token, double> next;
    fork_in_the_road(vocabulary_, at, next);
    choose(row, next);
  };
  Search search = make_search();
  const auto beam = find_beam(search, start(script), kMaxNew, 1, 1, 1);
  ASSERT_TRUE(beam);
  EXPECT_EQ((*beam)->tokens, tokens("ac"));
  EXPECT_EQ(decoder_->n_forks, 0);
}

// Returns a script with two texts: the short "a" with probability 0.5 and the longer "bb" with 0.4.
// If log probabilities are divided by the length, "bb" is the better text, because
// log 0.4 / 3 > log 0.5 / 2. Otherwise, "a" is the better text.
Script short_or_long(const Vocabulary& vocabulary) {
  return [&vocabulary](const ScriptStep& at, std::span<float> row) {
    const Token a = vocabulary.text("a").front();
    const Token b = vocabulary.text("b").front();
    std::fill(row.begin(), row.end(), -60.0F);
    if (at.sampled.empty()) {
      row[static_cast<std::size_t>(vocabulary.at(0))] = 0;
    } else if (at.sampled.size() == 1) {
      row[static_cast<std::size_t>(a)] = std::log(0.5F);
      row[static_cast<std::size_t>(b)] = std::log(0.4F);
      row[static_cast<std::size_t>(vocabulary.text("c").front())] = std::log(0.1F);
    } else if (at.sampled[1] == b && at.sampled.size() < 3) {
      row[static_cast<std::size_t>(b)] = 0;
    } else {
      row[static_cast<std::size_t>(vocabulary.eot())] = 0;
    }
  };
}

TEST_F(SearchTest, LengthPenaltyFavoursLongTexts) {
  Search search = make_search();
  const auto with = find_beam(search, start(short_or_long(vocabulary_)), kMaxNew, 2, 1, 1);
  ASSERT_TRUE(with);
  EXPECT_EQ((*with)->tokens, tokens("bb"));
  const auto without = find_beam(search, start(short_or_long(vocabulary_)), kMaxNew, 2, 1, 0);
  ASSERT_TRUE(without);
  EXPECT_EQ((*without)->tokens, tokens("a"));
}

TEST_F(SearchTest, PatienceLooksAtMoreTexts) {
  Search search = make_search();
  const auto hasty = find_beam(search, start(short_or_long(vocabulary_)), kMaxNew, 2, 0.5, 1);
  ASSERT_TRUE(hasty);
  EXPECT_EQ((*hasty)->tokens, tokens("a")) << "ends after round(2 * 0.5) = 1 text";
  const auto patient = find_beam(search, start(short_or_long(vocabulary_)), kMaxNew, 2, 1, 1);
  ASSERT_TRUE(patient);
  EXPECT_EQ((*patient)->tokens, tokens("bb"));
}

TEST_F(SearchTest, SamplingTakesTheBestOfItsTexts) {
  const Script script = [&](const ScriptStep& at, std::span<float> row) {
    std::map<Token, double> next;
    fork_in_the_road(vocabulary_, at, next);
    choose(row, next);
  };
  Search search = make_search();
  int n_best = 0;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    search.reseed(seed);
    const auto found = find_sample(search, start(script), kMaxNew, 8, 1, 1);
    ASSERT_TRUE(found);
    n_best += (*found)->tokens == tokens("bc") ? 1 : 0;
  }
  // Each text is "bc" with probability 0.36. At least one of eight is "bc" with probability
  // 1 - 0.64^8 = 0.97, and "bc" is then the best text.
  EXPECT_GE(n_best, 42);
}

TEST_F(SearchTest, SamplingFollowsTheTemperature) {
  const double p_a = 0.7;
  const double p_b = 0.3;
  Search search = make_search();
  search.reseed(1);
  for (const double temperature : {0.5, 1.0}) {
    int n_a = 0;
    constexpr int kTries = 400;
    for (int i = 0; i < kTries; ++i) {
      const auto logits = start([&](const ScriptStep& at, std::span<float> row) {
        if (at.sampled.empty()) return choose(row, {{vocabulary_.at(0), 1}});
        if (at.sampled.size() == 1) return choose(row, {{token("a"), p_a}, {token("b"), p_b}});
        choose(row, {{vocabulary_.eot(), 1}});
      });
      const auto found =
          find_sample(search, logits, kMaxNew, 1, static_cast<float>(temperature), 1);
      ASSERT_TRUE(found);
      n_a += (*found)->tokens == tokens("a") ? 1 : 0;
    }
    const double a = std::pow(p_a, 1 / temperature);
    const double wanted = a / (a + std::pow(p_b, 1 / temperature));
    // The tolerance is five standard deviations.
    EXPECT_NEAR(n_a / double{kTries}, wanted, 5 * std::sqrt(wanted * (1 - wanted) / kTries));
  }
}

TEST_F(SearchTest, SamplingDependsOnTheSeedAlone) {
  const Script even = [&](const ScriptStep& at, std::span<float> row) {
    if (at.sampled.empty()) return prefer(row, vocabulary_.at(0));
    if (at.sampled.size() > 20) prefer(row, vocabulary_.eot());
  };
  const auto draw = [&](std::uint64_t seed) {
    Search search = make_search();
    search.reseed(seed);
    const auto found = find_sample(search, start(even), kMaxNew, 3, 0.8F, 1);
    EXPECT_TRUE(found);
    return (*found)->tokens;
  };
  EXPECT_EQ(draw(7), draw(7));
  EXPECT_NE(draw(7), draw(8));
}

TEST_F(SearchTest, FinishedTextsLeaveTheBatch) {
  // About half of the texts end after one letter, so that the rows of the other texts move up.
  const auto logits = start([&](const ScriptStep& at, std::span<float> row) {
    if (at.sampled.empty()) return choose(row, {{vocabulary_.at(0), 1}});
    if (at.sampled.size() == 1) return choose(row, {{token("a"), 0.5}, {token("b"), 0.5}});
    const bool ends = at.sampled[1] == token("a") || at.sampled.size() > 5;
    choose(row, {{ends ? vocabulary_.eot() : token("b"), 1}});
  });
  Search search = make_search();
  const auto found = find_sample(search, logits, kMaxNew, 8, 1, 1);
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ((*found)->tokens, tokens("bbbbb")) << "the same probability, but longer";
  EXPECT_EQ(decoder_->n_forks, 2) << "eight from one, and what was left of them";
}

TEST_F(SearchTest, NoNumbersAreADeviceError) {
  const Script broken = [&](const ScriptStep& at, std::span<float> row) {
    if (at.sampled.size() < 3)
      return prefer(row, at.sampled.empty() ? vocabulary_.at(0) : token("a"));
    std::fill(row.begin(), row.end(), std::nanf(""));
  };
  Search search = make_search();
  const auto greedy = find_greedy(search, start(broken), kMaxNew);
  ASSERT_FALSE(greedy);
  EXPECT_EQ(greedy.error().code, ErrorCode::DeviceError);
  EXPECT_FALSE(find_sample(search, start(broken), kMaxNew, 4, 0.5F, 1));
  EXPECT_FALSE(find_beam(search, start(broken), kMaxNew, 4, 1, 1));
}

TEST_F(SearchTest, PassesTheDecodersErrorsOn) {
  std::atomic<bool> cancelled = false;
  const auto text = vocabulary_.segment(0, " hello world", 2);
  Search search = make_search();
  for (int width : {0, 1, 3}) {
    const auto logits = start(say(*vocabulary_.tokenizer, {text}));
    cancelled = false;
    decoder_->watch(&cancelled);
    decoder_->on_step = [&] { cancelled = decoder_->n_steps == 2; };
    const auto found = width == 0   ? find_greedy(search, logits, kMaxNew)
                       : width == 1 ? find_sample(search, logits, kMaxNew, 2, 0.5F, 1)
                                    : find_beam(search, logits, kMaxNew, width, 1, 1);
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().code, ErrorCode::Cancelled);
    EXPECT_EQ(decoder_->n_steps, 2) << "nothing runs after it";
  }
}

}  // namespace
}  // namespace npuwhisper
