// SPDX-License-Identifier: LGPL-2.1-or-later
#include "whisper/word_pieces.h"

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

class WordPiecesTest : public ::testing::Test {
 protected:
  WordPiecesTest() {
    const test::TinyModelOptions options{.n_audio_layer = 1, .n_state = 8, .n_text_layer = 1};
    const test::TemporaryFolder folder;
    test::write_tiny_model(folder.path(), options);
    tokenizer_ =
        std::move(Tokenizer::load(folder.path(), test::tiny_model_config(options)).value());
    splitter_.emplace(*tokenizer_, 448);
  }

  /// Returns the words of `tokens`. Checks the properties that hold for any tokens.
  std::vector<std::string> words(const std::vector<Token>& tokens, bool by_character = false) {
    const std::string text = tokenizer_->decode(tokens);
    const auto pieces = splitter_->split(tokens, by_character);
    std::size_t token = 0;
    std::size_t n_bytes = 0;
    for (const WordPiece& piece : pieces) {
      EXPECT_EQ(piece.first_token, token);
      EXPECT_GT(piece.end_token, piece.first_token);
      token = piece.end_token;
      n_bytes += piece.n_bytes;
    }
    EXPECT_EQ(token, tokens.size());
    EXPECT_EQ(n_bytes, text.size());

    std::vector<std::string> result;
    std::size_t first = 0;
    std::size_t at = 0;
    for (const WordGroup& group : splitter_->group()) {
      EXPECT_EQ(group.first, first);
      EXPECT_GE(group.core, group.first);
      EXPECT_LT(group.core, group.end);
      first = group.end;
      std::size_t size = 0;
      for (std::size_t i = group.first; i < group.end; ++i) size += pieces[i].n_bytes;
      result.push_back(text.substr(at, size));
      at += size;
    }
    EXPECT_EQ(first, pieces.size());
    return result;
  }
  std::vector<std::string> words(std::string_view text, bool by_character = false) {
    return words(tokenizer_->encode(text), by_character);
  }

  std::unique_ptr<const Tokenizer> tokenizer_;
  std::optional<WordSplitter> splitter_;
};

using Words = std::vector<std::string>;

TEST_F(WordPiecesTest, SpacesSetWordsOff) {
  EXPECT_EQ(words(" hello world"), (Words{" hello", " world"}));
  EXPECT_EQ(words("hello world"), (Words{"hello", " world"}));
  EXPECT_EQ(words(" he  is"), (Words{" he", "  is"}));
  // In this vocabulary, the apostrophe is a token of its own.
  EXPECT_EQ(words(" don't you"), (Words{" don", "'t", " you"}));
}

TEST_F(WordPiecesTest, PunctuationJoinsItsNeighbour) {
  EXPECT_EQ(words(" hello, world."), (Words{" hello,", " world."}));
  EXPECT_EQ(words(" hello?! you..."), (Words{" hello?!", " you..."}));
  EXPECT_EQ(words(" he \"is it\" you"), (Words{" he", " \"is", " it\"", " you"}));
  EXPECT_EQ(words(" he (is it) you"), (Words{" he", " (is", " it)", " you"}));
  EXPECT_EQ(words(" \xC2\xBFQu\xC3\xA9 is? \xC2\xA1Hello!"),
            (Words{" \xC2\xBFQu\xC3\xA9", " is?", " \xC2\xA1Hello!"}));
  EXPECT_EQ(words(" is it ? Hello !"), (Words{" is", " it ?", " Hello !"}));
  EXPECT_EQ(words(" hello - you"), (Words{" hello", " - you"}));
  EXPECT_EQ(words(" hello \xE2\x99\xAA"), (Words{" hello \xE2\x99\xAA"}));
}

TEST_F(WordPiecesTest, ReadOutSymbolsAreNoPunctuation) {
  EXPECT_EQ(words(" 50% of $20"), (Words{" 50%", " of", " $20"}));
}

TEST_F(WordPiecesTest, PunctuationAloneIsAWord) {
  EXPECT_EQ(words("..."), (Words{"..."}));
  EXPECT_EQ(words(" (\""), (Words{" (\""}));
  EXPECT_EQ(words(" (hello ("), (Words{" (hello ("}));
}

TEST_F(WordPiecesTest, ChineseIsSplitByCharacter) {
  EXPECT_EQ(words("\xE4\xBD\xA0\xE5\xA5\xBD\xEF\xBC\x8C\xE4\xB8\x96\xE7\x95\x8C\xE3\x80\x82", true),
            (Words{"\xE4\xBD\xA0", "\xE5\xA5\xBD\xEF\xBC\x8C", "\xE4\xB8\x96",
                   "\xE7\x95\x8C\xE3\x80\x82"}));
  // In a language with spaces between words, 你好 is one word.
  EXPECT_EQ(words("\xE4\xBD\xA0\xE5\xA5\xBD").size(), 1U);
}

TEST_F(WordPiecesTest, BracketsOpenInChinese) {
  // The text is 你（好）.
  EXPECT_EQ(words("\xE4\xBD\xA0\xEF\xBC\x88\xE5\xA5\xBD\xEF\xBC\x89", true),
            (Words{"\xE4\xBD\xA0", "\xEF\xBC\x88\xE5\xA5\xBD\xEF\xBC\x89"}));
}

TEST_F(WordPiecesTest, ThaiIsSplitByCharacterAndItsMarksAreNoPunctuation) {
  // The text is กำ ("kam"). It has two code points, of which the second is a vowel.
  EXPECT_EQ(words("\xE0\xB8\x81\xE0\xB8\xB3", true), (Words{"\xE0\xB8\x81", "\xE0\xB8\xB3"}));
  // The text is กี. Its vowel is a combining mark.
  EXPECT_EQ(words("\xE0\xB8\x81\xE0\xB8\xB5", true), (Words{"\xE0\xB8\x81", "\xE0\xB8\xB5"}));
}

TEST_F(WordPiecesTest, NeverSplitsACharacter) {
  // Each byte is one token, because the tiny model has no merges for these characters.
  const std::vector<Token> tokens = tokenizer_->encode(" \xF0\x9D\x84\x9E\xE2\x82\xAC");
  ASSERT_EQ(tokens.size(), 8U);
  for (const bool by_character : {false, true}) words(tokens, by_character);
  EXPECT_EQ(words(tokens, true).size(), 2U);
}

TEST_F(WordPiecesTest, BytesThatAreNoTextBecomeReplacementCharacters) {
  const std::string replacement = "\xEF\xBF\xBD";
  const auto all = tokenizer_->encode(" \xE2\x82\xAC");
  // The tokens of a space and of the first two of the euro sign's three bytes.
  const std::vector<Token> cut(all.begin(), all.end() - 1);
  EXPECT_EQ(words(cut, true), (Words{" " + replacement}));
  // The tokens of the last two of the euro sign's bytes, followed by a word.
  std::vector<Token> stray(all.end() - 2, all.end());
  const auto hello = tokenizer_->encode(" hello");
  stray.insert(stray.end(), hello.begin(), hello.end());
  EXPECT_EQ(words(stray), (Words{replacement + replacement, " hello"}));
}

TEST_F(WordPiecesTest, NoTokensGiveNoWords) {
  EXPECT_TRUE(words(std::vector<Token>{}).empty());
}

TEST_F(WordPiecesTest, KnowsLanguagesWithoutSpaces) {
  for (const char* code : {"zh", "ja", "th", "lo", "my", "yue"}) {
    EXPECT_TRUE(is_written_without_spaces(code)) << code;
  }
  for (const char* code : {"en", "ko", "de", ""}) {
    EXPECT_FALSE(is_written_without_spaces(code)) << code;
  }
}

}  // namespace
}  // namespace npuwhisper
