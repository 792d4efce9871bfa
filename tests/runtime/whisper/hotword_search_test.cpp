// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "scripted_decoder.h"
#include "vocabulary.h"
#include "whisper/hotword_list.h"
#include "whisper/live_decoder.h"
#include "whisper/search.h"

namespace npuwhisper {
namespace {

using test::Script;
using test::ScriptedDecoder;
using test::ScriptStep;
using test::Vocabulary;

constexpr int kMaxNew = 50;

/// Searches for a text whose first word is " world" (one token) or " worn" (" wor" and "n").
class HotwordSearch : public ::testing::Test {
 protected:
  using Probabilities = std::map<Token, double>;

  Token token(std::string_view text) const {
    const auto tokens = vocabulary_.text(text);
    EXPECT_EQ(tokens.size(), 1U) << text;
    return tokens.front();
  }
  /// Sets the probabilities of the tokens that may follow. All other tokens get nearly 0.
  static void choose(std::span<float> logits, const Probabilities& probabilities) {
    std::fill(logits.begin(), logits.end(), -60.0F);
    for (const auto& [token, probability] : probabilities) {
      logits[static_cast<std::size_t>(token)] = static_cast<float>(std::log(probability));
    }
  }
  /// Returns a script that begins with " world" or, with probability `wor`, with " wor". After
  /// " wor", "n" follows with probability `n`, otherwise "e". The text ends with " you".
  Script script(double wor, double n) const {
    return [this, wor, n](const ScriptStep& at, std::span<float> row) {
      std::vector<Token> text(at.sampled.begin(), at.sampled.end());
      if (text.empty()) return choose(row, {{vocabulary_.at(0), 1}});
      if (text.size() == 1) {
        return choose(row, {{token(" world"), 1 - wor}, {token(" wor"), wor}});
      }
      if (text.back() == token(" wor")) return choose(row, {{token("n"), n}, {token("e"), 1 - n}});
      if (text.back() == token(" you")) return choose(row, {{vocabulary_.eot(), 1}});
      choose(row, {{token(" you"), 1}});
    };
  }
  std::vector<Token> text(const std::string& words) const {
    return Vocabulary::join({{vocabulary_.at(0)}, vocabulary_.text(words)});
  }

  /// Returns a script in which each token of `phrase` has the probability 0.3, and `other` 0.7.
  /// After `phrase`, `other` follows. The text ends after `other`.
  Script follow(std::vector<Token> phrase, std::string_view other) const {
    return [this, phrase, other](const ScriptStep& at, std::span<float> row) {
      const auto n = at.sampled.size();
      if (n == 0) return choose(row, {{vocabulary_.at(0), 1}});
      if (at.sampled.back() == token(other)) return choose(row, {{vocabulary_.eot(), 1}});
      if (n == phrase.size()) return choose(row, {{token(other), 1}});
      choose(row, {{phrase[n], 0.3}, {token(other), 0.7}});
    };
  }

  enum class Method { Greedy, Beams, Sampling };
  /// Returns the text that the search finds with these hotwords.
  Hypothesis find(Method method, std::string_view hotwords, const Script& script,
                  int max_new = kMaxNew) {
    const auto spellings = spell_hotwords(hotwords, *vocabulary_.tokenizer);
    const HotwordTree tree(*vocabulary_.tokenizer, *spellings);
    decoder_.emplace(
        ScriptedDecoder::Shape{.n_vocab = vocabulary_.tokenizer->n_vocab(), .max_sequences = 5},
        script);
    EXPECT_TRUE(decoder_->encode({}, 0));
    Search search(rules_, vocabulary_.eot(),
                  {.n_vocab = decoder_->n_vocab(), .max_sequences = 5, .max_new_tokens = kMaxNew},
                  spellings->empty() ? nullptr : &tree);
    auto logits =
        *decoder_->prompt(std::vector<Token>{vocabulary_.special().sot}, std::vector<int>{0});
    if (method == Method::Greedy) search.start_greedy(max_new, 1);
    if (method == Method::Beams) search.start_beams(max_new, 3, 1, 1);
    if (method == Method::Sampling) search.start_sampling(max_new, 3, 0.5F, 1);
    for (n_steps_ = 1;; ++n_steps_) {
      const auto more = search.take(logits);
      EXPECT_TRUE(more) << more.error().message;
      if (!more || !*more) return search.best();
      search.fork(*decoder_);
      const auto stepped = decoder_->step(search.next());
      EXPECT_TRUE(stepped) << stepped.error().message;
      if (!stepped) return search.best();
      logits = *stepped;
    }
  }

  const Vocabulary& vocabulary_ = Vocabulary::multilingual();
  const TranscriberOptions options_;
  const LogitRules rules_{*vocabulary_.tokenizer, vocabulary_.config, options_};
  std::optional<ScriptedDecoder> decoder_;
  int n_steps_ = 0;  // Number of steps of the last find().
};

TEST_F(HotwordSearch, FindsTheHotword) {
  for (const Method method : {Method::Greedy, Method::Beams}) {
    SCOPED_TRACE(static_cast<int>(method));
    EXPECT_EQ(find(method, "", script(0.3, 0.5)).tokens, text(" world you"));
    const Hypothesis found = find(method, "worn", script(0.3, 0.5));
    EXPECT_EQ(found.tokens, text(" worn you"));
    EXPECT_NEAR(found.sum_log_probability, std::log(0.3 * 0.5), 1e-3) << "without the bonus";
  }
}

TEST_F(HotwordSearch, TakesBackTheBonusOfABrokenPhrase) {
  for (const Method method : {Method::Greedy, Method::Beams}) {
    SCOPED_TRACE(static_cast<int>(method));
    const Hypothesis found = find(method, "worn", script(0.3, 1e-6));
    EXPECT_EQ(found.tokens, text(" world you"));
    EXPECT_NEAR(found.sum_log_probability, std::log(0.7), 1e-3);
    EXPECT_NEAR(found.average_log_probability(), std::log(0.7) / 4, 1e-3);
  }
}

TEST_F(HotwordSearch, GreedyReturnsToTheBeginningOfABrokenPhrase) {
  EXPECT_EQ(find(Method::Greedy, "worn", script(0.3, 1e-6)).tokens, text(" world you"));
  EXPECT_EQ(decoder_->n_truncations, 1);
  EXPECT_EQ(find(Method::Greedy, "worn", script(0.3, 0.5)).tokens, text(" worn you"));
  EXPECT_EQ(decoder_->n_truncations, 0);
}

TEST_F(HotwordSearch, GreedyKeepsTheCompletePartOfABrokenPhrase) {
  // The phrase "worn the" breaks off, but "worn" is complete.
  EXPECT_EQ(find(Method::Greedy, "worn, worn the", script(0.3, 0.5)).tokens, text(" worn you"));
  EXPECT_EQ(find(Method::Greedy, "worn the", script(0.3, 0.5)).tokens, text(" world you"));
}

TEST_F(HotwordSearch, ImprobableHotwordsDoNotWin) {
  for (const Method method : {Method::Greedy, Method::Beams, Method::Sampling}) {
    SCOPED_TRACE(static_cast<int>(method));
    EXPECT_EQ(find(method, "worn", script(1e-5, 0.5)).tokens, text(" world you"));
  }
}

TEST_F(HotwordSearch, TheGapOfAHotwordIsBounded) {
  const auto words = [&](double n) {
    return [this, n](const ScriptStep& at, std::span<float> row) {
      if (at.sampled.empty()) return choose(row, {{vocabulary_.at(0), 1}});
      if (at.sampled.size() == 1) {
        return choose(row,
                      {{token(" world"), 0.5}, {token(" wor"), 0.25}, {token(" hello"), 0.25}});
      }
      if (at.sampled.back() == token(" wor")) {
        return choose(row, {{token("e"), 0.5}, {token("n"), n}, {token(" the"), 0.5 - n}});
      }
      const bool is_last = at.sampled.back() == token(" you");
      choose(row, {{is_last ? vocabulary_.eot() : token(" you"), 1}});
    };
  };
  // The gaps of " wor" and "n" add up to 4.6 in the first case and to 5.4 in the second. Only the
  // second sum exceeds kMaxHotwordGap (5). The bonus is larger than both sums.
  EXPECT_EQ(find(Method::Beams, "worn", words(0.01)).tokens, text(" worn you"));
  EXPECT_EQ(find(Method::Beams, "worn", words(0.0045)).tokens, text(" world you"));
}

TEST_F(HotwordSearch, OtherHotwordsChangeNothing) {
  for (const Method method : {Method::Greedy, Method::Beams, Method::Sampling}) {
    SCOPED_TRACE(static_cast<int>(method));
    const Hypothesis without = find(method, "", script(0.3, 0.5));
    const Hypothesis with = find(method, "hello, the hell", script(0.3, 0.5));
    EXPECT_EQ(with.tokens, without.tokens);
    EXPECT_FLOAT_EQ(with.sum_log_probability, without.sum_log_probability);
  }
}

TEST_F(HotwordSearch, ARepetitionHasNoBonus) {
  // After the hotword, the text ends or the hotword follows again.
  const Script repeats = [&](const ScriptStep& at, std::span<float> row) {
    if (at.sampled.empty()) return choose(row, {{vocabulary_.at(0), 1}});
    if (at.sampled.size() == 1) return choose(row, {{token(" world"), 1}});
    choose(row, {{vocabulary_.eot(), 0.6}, {token(" world"), 0.4}});
  };
  for (const Method method : {Method::Greedy, Method::Beams}) {
    SCOPED_TRACE(static_cast<int>(method));
    EXPECT_EQ(find(method, "world", repeats).tokens, text(" world"));
  }
}

TEST_F(HotwordSearch, AlternatingHotwordsDoNotFillTheText) {
  // After a hotword, the text ends or another hotword follows.
  const Script alternates = [&](const ScriptStep& at, std::span<float> row) {
    if (at.sampled.empty()) return choose(row, {{vocabulary_.at(0), 1}});
    if (at.sampled.size() == 1) return choose(row, {{token(" world"), 1}});
    const bool is_world = at.sampled.back() == token(" world");
    choose(row, {{vocabulary_.eot(), 0.6}, {token(is_world ? " hello" : " world"), 0.4}});
  };
  for (const Method method : {Method::Greedy, Method::Beams}) {
    SCOPED_TRACE(static_cast<int>(method));
    EXPECT_EQ(find(method, "world, hello", alternates).tokens, text(" world hello"));
  }
}

TEST_F(HotwordSearch, GreedyDropsAllOfABrokenPhraseAfterACompleteOne) {
  const Script words = follow(text(" worn the"), " you");
  EXPECT_EQ(find(Method::Greedy, "worn, worn the hell", words).tokens, text(" worn you"));
  EXPECT_EQ(find(Method::Greedy, "worn, worn the", words).tokens, text(" worn the you"));
}

TEST_F(HotwordSearch, AReturnCanBreakTheWordBefore) {
  // "wor" is complete before " the", but not before "e", to which the search returns.
  const Script words = follow(text(" wor the"), "e");
  EXPECT_EQ(find(Method::Greedy, "wor, the hell", words).tokens, text("e"));
}

TEST_F(HotwordSearch, TheEndOfTheTextBreaksAPhrase) {
  const Script words = follow(text(" world the"), " you");
  EXPECT_EQ(find(Method::Greedy, "world the hell", words, 3).tokens, text(" you"));
  EXPECT_EQ(find(Method::Greedy, "world the", words, 3).tokens, text(" world the"));
}

TEST_F(HotwordSearch, GreedyTakesABoundedNumberOfSteps) {
  // The phrase "the the ... the hell" begins at each position, but never becomes complete.
  std::string phrase;
  for (int i = 0; i < kMaxNew / 2; ++i) phrase += "the ";
  const Script words = [&](const ScriptStep& at, std::span<float> row) {
    if (at.sampled.empty()) return choose(row, {{vocabulary_.at(0), 1}});
    choose(row, {{token(" you"), 0.6}, {token(" the"), 0.4}});
  };
  const Hypothesis found = find(Method::Greedy, phrase + "hell", words);
  EXPECT_EQ(std::ranges::count(found.tokens, token(" the")), 0);
  EXPECT_LE(n_steps_, 3 * kMaxNew);
  EXPECT_GT(n_steps_, kMaxNew) << "the search returned";
}

TEST_F(HotwordSearch, SamplingPrefersTheHotword) {
  const Hypothesis found = find(Method::Sampling, "worn", script(0.3, 0.5));
  EXPECT_EQ(found.tokens, text(" worn you"));
  EXPECT_NEAR(found.sum_log_probability, std::log(0.3 * 0.5), 1e-3);
}

/// Decodes live windows, whose text has no timestamps and begins with the final word " the".
class LiveHotwords : public HotwordSearch {
 protected:
  /// Decodes a window and returns its text after the final word.
  LiveHearing decode(const std::string& hotwords, std::span<const Token> draft, double n) {
    const auto first = vocabulary_.text(" the");
    const Script words = script(0.3, n);
    decoder_.emplace(
        ScriptedDecoder::Shape{.n_vocab = vocabulary_.tokenizer->n_vocab()},
        [&, words](const ScriptStep& at, std::span<float> row) {
          // prompt() returns the rows after <|startoftranscript|> and after the text's tokens.
          const std::vector<Token> all = Vocabulary::join(
              {{at.prompt.begin(), at.prompt.end()}, {at.sampled.begin(), at.sampled.end()}});
          const auto text = std::span(all).subspan(std::min<std::size_t>(all.size(), 2));
          if (text.empty()) return choose(row, {{first.front(), 1}});
          words({.prompt = {}, .sampled = text}, row);
        });
    EXPECT_TRUE(decoder_->encode({}, 0));
    TranscriberStats stats;
    const auto tree = make_hotword_tree(hotwords, *vocabulary_.tokenizer);
    EXPECT_TRUE(tree) << tree.error().message;
    LiveDecoder live(*vocabulary_.tokenizer, vocabulary_.config, options_, *decoder_, stats,
                     tree->get());
    const Prompt::View prompt = {.tokens = std::span(&vocabulary_.special().sot, 1), .sot = 0};
    const auto heard =
        live.decode({.prompt = prompt, .committed = first, .draft = draft, .max_new = kMaxNew});
    EXPECT_TRUE(heard) << heard.error().message;
    return heard ? **heard : LiveHearing();
  }
};

TEST_F(LiveHotwords, PassesAgree) {
  for (const double n : {0.5, 1e-6}) {
    SCOPED_TRACE(n);
    const LiveHearing first = decode("worn", {}, n);
    EXPECT_EQ(first.tokens, vocabulary_.text(n > 0.1 ? " worn you" : " world you"));
    const LiveHearing second = decode("worn", first.tokens, n);
    EXPECT_EQ(second.tokens, first.tokens);
    EXPECT_NEAR(second.average_log_probability, first.average_log_probability, 1e-4);
    EXPECT_NEAR(first.average_log_probability,
                (n > 0.1 ? std::log(0.3 * 0.5) : std::log(0.7)) /
                    static_cast<double>(first.tokens.size() + 1),
                1e-3);
  }
}

TEST_F(LiveHotwords, DraftsWithoutHotwordsAreCorrected) {
  EXPECT_EQ(decode("worn", vocabulary_.text(" world you"), 0.5).tokens,
            vocabulary_.text(" worn you"));
  EXPECT_EQ(decode("", vocabulary_.text(" worn you"), 0.5).tokens, vocabulary_.text(" world you"));
}

}  // namespace
}  // namespace npuwhisper
