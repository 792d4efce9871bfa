// SPDX-License-Identifier: LGPL-2.1-or-later
#include "model/tokenizer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>
#include <string>

#include <npuwhisper/engine.h>

#include "model/utf8.h"
#include "model/weights.h"
#include "temporary_folder.h"
#include "tiny_model.h"

namespace npuwhisper {
namespace {

using test::TinyModelOptions;

std::unique_ptr<const Tokenizer> tiny_tokenizer(const TinyModelOptions& options = {}) {
  const test::TemporaryFolder folder;
  test::write_tiny_model(folder.path(), options);
  auto tokenizer = Tokenizer::load(folder.path(), tiny_model_config(options));
  EXPECT_TRUE(tokenizer) << tokenizer.error().message;
  return tokenizer ? std::move(*tokenizer) : nullptr;
}

std::string bytes_of(const Tokenizer& tokenizer, std::span<const Token> tokens) {
  std::string bytes;
  for (const Token token : tokens) bytes += tokenizer.bytes(token);
  return bytes;
}

TEST(Tokenizer, FindsSpecialTokens) {
  const auto tokenizer = tiny_tokenizer();
  ASSERT_TRUE(tokenizer);
  const auto vocabulary = test::tiny_model_vocabulary();
  const auto name_of = [&](Token token) { return vocabulary[static_cast<std::size_t>(token)]; };
  const SpecialTokens& special = tokenizer->special();
  EXPECT_EQ(name_of(special.eot), "<|endoftext|>");
  EXPECT_EQ(name_of(special.sot), "<|startoftranscript|>");
  EXPECT_EQ(name_of(special.translate), "<|translate|>");
  EXPECT_EQ(name_of(special.transcribe), "<|transcribe|>");
  EXPECT_EQ(name_of(special.sot_lm), "<|startoflm|>");
  EXPECT_EQ(name_of(special.sot_prev), "<|startofprev|>");
  EXPECT_EQ(name_of(special.no_speech), "<|nospeech|>");
  EXPECT_EQ(name_of(special.no_timestamps), "<|notimestamps|>");
  EXPECT_EQ(name_of(special.timestamp_begin), "<|0.00|>");
  EXPECT_EQ(tokenizer->n_vocab(), static_cast<int>(vocabulary.size()));

  EXPECT_TRUE(tokenizer->is_text(special.eot - 1));
  EXPECT_FALSE(tokenizer->is_text(special.eot));
  EXPECT_FALSE(tokenizer->is_text(-1));
  EXPECT_FALSE(tokenizer->is_timestamp(special.no_timestamps));
  EXPECT_TRUE(tokenizer->is_timestamp(special.timestamp_begin));
  for (const Token token : {special.eot, special.sot, special.timestamp_begin, -1, 1 << 30}) {
    EXPECT_EQ(tokenizer->bytes(token), "");
  }
}

TEST(Tokenizer, KnowsLanguages) {
  const auto tokenizer = tiny_tokenizer();
  ASSERT_TRUE(tokenizer);
  EXPECT_TRUE(tokenizer->is_multilingual());
  EXPECT_EQ(tokenizer->language_tokens().size(), 5U);
  for (const std::string code : {"en", "zh", "de", "es", "fr"}) {
    const auto token = tokenizer->language_token(code);
    ASSERT_TRUE(token) << code;
    EXPECT_EQ(tokenizer->language_code(*token), code);
  }
  EXPECT_EQ(tokenizer->language_token("xx"), std::nullopt);
  EXPECT_EQ(tokenizer->language_token(""), std::nullopt);
  EXPECT_EQ(tokenizer->language_code(tokenizer->special().transcribe), "");
  EXPECT_EQ(tokenizer->language_code(0), "");

  const auto english = tiny_tokenizer({.is_multilingual = false});
  ASSERT_TRUE(english);
  EXPECT_FALSE(english->is_multilingual());
  EXPECT_EQ(english->language_token("en"), std::nullopt);

  EXPECT_TRUE(tokenizer->has_language("de"));
  EXPECT_FALSE(tokenizer->has_language("xx"));
  EXPECT_FALSE(tokenizer->has_language(""));
  EXPECT_TRUE(english->has_language("en")) << "without a token for it";
  EXPECT_FALSE(english->has_language("de"));
  EXPECT_FALSE(english->has_language(""));
}

TEST(Tokenizer, AllFormatsAgree) {
  const auto from_text = tiny_tokenizer();
  ASSERT_TRUE(from_text);
  for (const std::string name : {"vocabulary.json", "tokenizer.json"}) {
    const auto other = tiny_tokenizer({.vocabulary = name});
    ASSERT_TRUE(other);
    EXPECT_EQ(other->n_vocab(), from_text->n_vocab());
    EXPECT_EQ(other->special().timestamp_begin, from_text->special().timestamp_begin);
    EXPECT_TRUE(std::ranges::equal(other->language_tokens(), from_text->language_tokens()));
    for (Token token = 0; token < from_text->special().eot; ++token) {
      EXPECT_EQ(other->bytes(token), from_text->bytes(token)) << name << " " << token;
    }
  }
}

TEST(Tokenizer, EveryTextTokenEncodesToItself) {
  const auto tokenizer = tiny_tokenizer();
  ASSERT_TRUE(tokenizer);
  for (Token token = 0; token < tokenizer->special().eot; ++token) {
    const std::string_view bytes = tokenizer->bytes(token);
    if (bytes.empty()) continue;
    EXPECT_EQ(tokenizer->encode(bytes), std::vector<Token>{token}) << bytes;
  }
}

TEST(Tokenizer, EncodesAnyBytesWithoutLoss) {
  const auto tokenizer = tiny_tokenizer();
  ASSERT_TRUE(tokenizer);
  EXPECT_TRUE(tokenizer->encode("").empty());
  std::mt19937 random(11);
  for (int i = 0; i < 2000; ++i) {
    std::string text(random() % 30, '\0');
    for (char& c : text) {
      // Half of the characters come from a small set, so that words, contractions and runs of
      // spaces occur.
      c = random() % 2 == 0 ? static_cast<char>(random()) : " 'theslrn12\t\n"[random() % 12];
    }
    EXPECT_EQ(bytes_of(*tokenizer, tokenizer->encode(text)), text);
  }
}

TEST(Tokenizer, DecodeIsAlwaysValidUtf8) {
  const auto tokenizer = tiny_tokenizer();
  ASSERT_TRUE(tokenizer);
  const std::string text = " hello \xF0\x9F\x8E\x89";
  std::vector<Token> tokens = tokenizer->encode(text);
  EXPECT_EQ(tokenizer->decode(tokens), text);
  tokens.pop_back();
  EXPECT_EQ(tokenizer->decode(tokens), " hello \xEF\xBF\xBD");

  // Special tokens and timestamps have no text.
  tokens = tokenizer->encode(" world");
  tokens.insert(tokens.begin(), tokenizer->special().timestamp_begin);
  tokens.push_back(tokenizer->special().eot);
  EXPECT_EQ(tokenizer->decode(tokens), " world");

  std::mt19937 random(5);
  for (int i = 0; i < 1000; ++i) {
    std::vector<Token> any(random() % 12);
    for (Token& token : any) token = static_cast<Token>(random() % 256);
    std::string_view rest;
    const std::string decoded = tokenizer->decode(any);
    for (rest = decoded; !rest.empty();) {
      const CodePoint first = first_code_point(rest);
      ASSERT_TRUE(first.is_valid);
      rest.remove_prefix(first.n_bytes);
    }
  }
}

/// Applies `change` to the lines of a tiny vocabulary, loads the result and returns the error
/// message.
template <typename Change>
std::string message_after(Change change) {
  const test::TemporaryFolder folder;
  std::vector<std::string> spellings = test::tiny_model_vocabulary();
  change(spellings);
  std::ofstream file(folder.path() / "vocabulary.txt", std::ios::binary);
  for (const std::string& spelling : spellings) file << spelling << '\n';
  file.close();
  const auto tokenizer = Tokenizer::load(folder.path(), test::tiny_model_config());
  if (tokenizer) return "loads";
  EXPECT_EQ(tokenizer.error().code, ErrorCode::CorruptModel);
  return tokenizer.error().message;
}

using Spellings = std::vector<std::string>;

TEST(Tokenizer, RefusesBrokenVocabularies) {
  const auto replace = [](std::string_view from, const std::string& to) {
    return [=](Spellings& spellings) { *std::ranges::find(spellings, from) = to; };
  };
  const auto contains = [](const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos ? testing::AssertionSuccess()
                                                : testing::AssertionFailure() << text;
  };
  EXPECT_EQ(message_after([](Spellings&) {}), "loads");
  EXPECT_EQ(message_after(replace("<|nospeech|>", "<|nocaptions|>")), "loads");
  EXPECT_EQ(
      message_after([&](Spellings& s) { s.erase(std::ranges::find(s, "<|0.00|>"), s.end()); }),
      "loads")
      << "timestamps may be left out";
  EXPECT_TRUE(
      contains(message_after(replace("<|nospeech|>", "<|other|>")), "no token <|nospeech|>"));
  EXPECT_TRUE(contains(message_after(replace("<|0.00|>", "<|0.10|>")), "wanted <|0.00|>"));
  EXPECT_TRUE(contains(message_after(replace("e", "x")), "no token for byte 101"));
  EXPECT_TRUE(contains(message_after(replace("e", "\xE2\x82\xAC")), "token 68: found a character"));
  EXPECT_TRUE(contains(message_after([](Spellings& s) { s.pop_back(); }),
                       "wanted the number of embeddings"));
  EXPECT_TRUE(contains(message_after([](Spellings& s) { s.clear(); }), "no token <|endoftext|>"));
  EXPECT_TRUE(contains(
      message_after([](Spellings& s) { std::swap(*std::ranges::find(s, "<|translate|>"), s[0]); }),
      "found <|translate|> among the text tokens"));
}

TEST(Tokenizer, NeedsATimestampForEveryPosition) {
  const test::TemporaryFolder folder;
  const TinyModelOptions options = {.n_audio_ctx = 1501};
  test::write_tiny_model(folder.path(), options);
  const auto tokenizer = Tokenizer::load(folder.path(), tiny_model_config(options));
  ASSERT_FALSE(tokenizer);
  EXPECT_NE(tokenizer.error().message.find("ids for 1501 timestamps, wanted at least 1502"),
            std::string::npos)
      << tokenizer.error().message;
}

/// Returns a real model's tokenizer, or nullptr if the model is not on this machine.
std::unique_ptr<const Tokenizer> real_tokenizer(const std::string& name) {
  const auto folder = find_model(name);
  if (!folder) return nullptr;
  const auto weights = Weights::load(*folder / "model.bin");
  EXPECT_TRUE(weights) << weights.error().message;
  if (!weights) return nullptr;
  const auto heads = head_counts(**weights);
  EXPECT_TRUE(heads) << heads.error().message;
  const auto config = config_from_weights(**weights, *heads);
  EXPECT_TRUE(config) << config.error().message;
  if (!config) return nullptr;
  auto tokenizer = Tokenizer::load(*folder, *config);
  EXPECT_TRUE(tokenizer) << tokenizer.error().message;
  return tokenizer ? std::move(*tokenizer) : nullptr;
}

void expect_golden(const Tokenizer& tokenizer, const char* key) {
  std::ifstream file(NPUWHISPER_GOLDEN_DIR "/tokenizer.json");
  const auto golden = nlohmann::json::parse(file);
  ASSERT_GT(golden["cases"].size(), 20U);
  for (const auto& golden_case : golden["cases"]) {
    const auto text = golden_case["text"].get<std::string>();
    const std::vector<Token> tokens = tokenizer.encode(text);
    EXPECT_EQ(tokens, golden_case[key].get<std::vector<Token>>()) << text;
    EXPECT_EQ(tokenizer.decode(tokens), text);
  }
}

TEST(RealTokenizer, MultilingualAgreesWithHuggingFace) {
  const auto tokenizer = real_tokenizer("base");
  if (!tokenizer) GTEST_SKIP() << "model 'base' is not on this machine";
  expect_golden(*tokenizer, "multilingual");
  EXPECT_EQ(tokenizer->special().no_speech, 50362);
  EXPECT_EQ(tokenizer->special().timestamp_begin, 50364);
  EXPECT_EQ(tokenizer->language_token("de"), 50261);
  EXPECT_EQ(tokenizer->language_code(50352), "haw") << "a code of three letters";
}

TEST(RealTokenizer, EnglishAgreesWithHuggingFace) {
  const auto tokenizer = real_tokenizer("tiny.en");
  if (!tokenizer) GTEST_SKIP() << "model 'tiny.en' is not on this machine";
  expect_golden(*tokenizer, "english");
}

}  // namespace
}  // namespace npuwhisper
