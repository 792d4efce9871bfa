// SPDX-License-Identifier: LGPL-2.1-or-later
#include "model/vocabulary_file.h"

#include <gtest/gtest.h>

#include <array>
#include <fstream>
#include <string>
#include <tuple>

#include "temporary_folder.h"

namespace npuwhisper {
namespace {

using Spellings = std::vector<std::string>;

class VocabularyFile : public testing::Test {
 protected:
  Result<Vocabulary> read(const char* name, std::string_view text, int max_tokens = 10) {
    std::ofstream(folder_.path() / name, std::ios::binary) << text;
    auto vocabulary = read_vocabulary(folder_.path(), max_tokens);
    std::filesystem::remove(folder_.path() / name);
    return vocabulary;
  }

  test::TemporaryFolder folder_;
};

TEST_F(VocabularyFile, ReadsEachFormat) {
  const std::array<std::pair<const char*, const char*>, 5> kCases = {{
      {"vocabulary.txt", "a\n\n\xC4\xA0t\n<|x|>\n"},
      {"vocabulary.txt", "a\r\n\r\n\xC4\xA0t\r\n<|x|>"},
      {"vocabulary.json", R"(["a", "", "\u0120t", "<|x|>"])"},
      {"tokenizer.json",
       R"({"version": "1.0", "added_tokens": [{"id": 3, "special": true, "content": "<|x|>"}],
           "decoder": {"model": {"vocab": {"no": 1}}, "id": 7, "vocab": {"no": 2}},
           "model": {"type": "BPE", "vocab": {"\u0120t": 2, "": 1, "a": 0}, "merges": ["a b"]}})"},
      {"tokenizer.json",
       R"({"model": {"merges": [["a", "b"]], "vocab": {"\u0120t": 2, "": 1, "a": 0, "<|x|>": 3}},
           "added_tokens": [{"content": "<|x|>", "id": 3}]})"},
  }};
  for (const auto& [name, text] : kCases) {
    const auto vocabulary = read(name, text);
    ASSERT_TRUE(vocabulary) << vocabulary.error().message;
    EXPECT_EQ(vocabulary->spellings, (Spellings{"a", "", "\xC4\xA0t", "<|x|>"})) << text;
    EXPECT_EQ(vocabulary->file, folder_.path() / name);
  }
}

TEST_F(VocabularyFile, PrefersTheSmallerFile) {
  std::ofstream(folder_.path() / "tokenizer.json") << "not read";
  const auto vocabulary = read("vocabulary.txt", "a\n");
  ASSERT_TRUE(vocabulary) << vocabulary.error().message;
  EXPECT_EQ(vocabulary->spellings, (Spellings{"a"}));
}

TEST_F(VocabularyFile, RefusesInvalidFiles) {
  const std::array<std::tuple<const char*, std::string, const char*>, 12> kCases = {{
      {"vocabulary.json", "", "not valid JSON at byte"},
      {"vocabulary.json", R"(["a", )", "not valid JSON at byte"},
      {"vocabulary.json", R"(["\ud800"])", "not valid JSON"},
      {"vocabulary.json", R"({"a": 0})", "wanted one array of strings"},
      {"vocabulary.json", R"(["a", 3])", "wanted one array of strings"},
      {"vocabulary.json", R"([["a"]])", "wanted one array of strings"},
      {"vocabulary.json", R"("a")", "wanted one array of strings"},
      {"vocabulary.json", R"(["1","2","3","4","5","6","7","8","9","10","11"])", "ids below 10"},
      {"vocabulary.txt", "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n",
       "found token id 10, wanted ids below"},
      {"tokenizer.json", R"({"model": {"vocab": {"a": 4000000000}}})", "found token id 4000000000"},
      {"tokenizer.json", R"({"model": {"vocab": {"a": 1, "b": 1}}})", "is both 'a' and 'b'"},
      {"tokenizer.json", R"({"added_tokens": [{"id": 1}]})", "no id or no content"},
  }};
  for (const auto& [name, text, part] : kCases) {
    const auto refused = read(name, text);
    ASSERT_FALSE(refused) << text;
    EXPECT_EQ(refused.error().code, ErrorCode::CorruptModel);
    EXPECT_NE(refused.error().message.find(part), std::string::npos) << refused.error().message;
    EXPECT_NE(refused.error().message.find(name), std::string::npos) << refused.error().message;
  }
  // Deeply nested JSON must not overflow the stack.
  EXPECT_FALSE(read("tokenizer.json", std::string(1'000'000, '[')));
  EXPECT_FALSE(read("vocabulary.json", std::string(1'000'000, '[')));
}

TEST_F(VocabularyFile, NamesWhatItLookedFor) {
  const auto missing = read_vocabulary(folder_.path(), 10);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::NotFound);
  EXPECT_NE(missing.error().message.find("vocabulary.txt"), std::string::npos);
}

}  // namespace
}  // namespace npuwhisper
