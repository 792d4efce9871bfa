// SPDX-License-Identifier: LGPL-2.1-or-later
#include "model/pretokenizer.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace npuwhisper {
namespace {

std::vector<std::string> pieces_of(std::string_view text) {
  std::vector<std::string> pieces;
  while (!text.empty()) {
    const std::size_t length = first_piece_length(text);
    if (length == 0 || length > text.size()) {
      ADD_FAILURE() << "piece of " << length << " bytes of '" << text << "'";
      break;
    }
    pieces.emplace_back(text.substr(0, length));
    text.remove_prefix(length);
  }
  return pieces;
}

using Pieces = std::vector<std::string>;

TEST(Pretokenizer, SplitsAsThePatternSays) {
  EXPECT_EQ(pieces_of(" Hello, world"), (Pieces{" Hello", ",", " world"}));
  EXPECT_EQ(pieces_of("it's they'll 'tis"), (Pieces{"it", "'s", " they", "'ll", " '", "tis"}));
  EXPECT_EQ(pieces_of("DON'T"), (Pieces{"DON", "'", "T"}));
  EXPECT_EQ(pieces_of("abc123"), (Pieces{"abc", "123"}));
}

TEST(Pretokenizer, LeavesTheLastSpaceToTheWord) {
  EXPECT_EQ(pieces_of("a   b"), (Pieces{"a", "  ", " b"}));
  EXPECT_EQ(pieces_of("a \tb"), (Pieces{"a", " ", "\t", "b"}));
  EXPECT_EQ(pieces_of("a  "), (Pieces{"a", "  "}));
  EXPECT_EQ(pieces_of(" "), (Pieces{" "}));
  EXPECT_EQ(pieces_of("\u3000\u3000x"), (Pieces{"\u3000", "\u3000", "x"}));
}

TEST(Pretokenizer, InvalidBytesAreNeitherLetterNorSpace) {
  EXPECT_EQ(pieces_of("a\xFF\xC3 b"), (Pieces{"a", "\xFF\xC3", " b"}));
}

TEST(Pretokenizer, AgreesWithHuggingFace) {
  std::ifstream file(NPUWHISPER_GOLDEN_DIR "/tokenizer.json");
  const auto golden = nlohmann::json::parse(file);
  ASSERT_GT(golden["cases"].size(), 20U);
  for (const auto& golden_case : golden["cases"]) {
    std::vector<std::size_t> lengths;
    for (const std::string& piece : pieces_of(golden_case["text"].get<std::string>())) {
      lengths.push_back(piece.size());
    }
    EXPECT_EQ(lengths, golden_case["pieces"].get<std::vector<std::size_t>>())
        << golden_case["text"];
  }
}

}  // namespace
}  // namespace npuwhisper
