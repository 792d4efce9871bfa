// SPDX-License-Identifier: LGPL-2.1-or-later
#include "model/byte_pairs.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace npuwhisper {
namespace {

/// Returns a table of all single bytes, followed by `merges`.
TokenTable table_with(const std::vector<std::string>& merges) {
  std::vector<std::string> bytes;
  for (unsigned byte = 0; byte < 256; ++byte) bytes.emplace_back(1, static_cast<char>(byte));
  bytes.insert(bytes.end(), merges.begin(), merges.end());
  return TokenTable(bytes);
}

std::vector<std::string> split(const TokenTable& table, std::string_view piece) {
  std::vector<Token> tokens;
  append_byte_pairs(table, piece, tokens);
  std::vector<std::string> parts;
  for (const Token token : tokens) parts.emplace_back(table.bytes(token));
  return parts;
}

/// Splits `piece` by the definition of byte-pair encoding: merges the best pair of adjacent parts
/// until no pair can be merged.
std::vector<std::string> split_by_definition(const TokenTable& table, std::string_view piece) {
  std::vector<std::string> parts;
  for (const char byte : piece) parts.emplace_back(1, byte);
  for (;;) {
    std::optional<Token> best;
    std::size_t best_at = 0;
    for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
      const auto token = table.find(parts[i] + parts[i + 1]);
      if (token && (!best || *token < *best)) {
        best = token;
        best_at = i;
      }
    }
    if (!best) return parts;
    parts[best_at] += parts[best_at + 1];
    parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(best_at) + 1);
  }
}

using Parts = std::vector<std::string>;

TEST(BytePairs, MergesByRankNotFromTheLeft) {
  const TokenTable table = table_with({"bc", "ab", "abc"});
  EXPECT_EQ(split(table, "abd"), (Parts{"ab", "d"}));
  EXPECT_EQ(split(table, "abc"), (Parts{"abc"}));
  EXPECT_EQ(split(table, "dabcd"), (Parts{"d", "abc", "d"}));
}

TEST(BytePairs, EqualRanksMergeFromTheLeft) {
  const TokenTable table = table_with({"aa"});
  EXPECT_EQ(split(table, "aaaaa"), (Parts{"aa", "aa", "a"}));
}

TEST(BytePairs, BytesWithoutMergesStayBytes) {
  const TokenTable table = table_with({});
  EXPECT_EQ(split(table, "xyz"), (Parts{"x", "y", "z"}));
  EXPECT_EQ(split(table, std::string(1, '\0')), (Parts{std::string(1, '\0')}));
}

TEST(BytePairs, AgreesWithTheDefinition) {
  const TokenTable table =
      table_with({"ab", "ba", "aa", "aab", "bab", "abab", "bb", "bbb", "baab", "cab", "abc"});
  std::mt19937 random(3);
  for (int i = 0; i < 3000; ++i) {
    std::string piece(1 + random() % 24, 'a');
    for (char& c : piece) c = static_cast<char>('a' + random() % 3);
    EXPECT_EQ(split(table, piece), split_by_definition(table, piece)) << piece;
  }
}

// An algorithm that scans the whole piece for each of the 75,000 merges would take about 5 * 10^9
// steps.
TEST(BytePairs, LongPiecesAreNotQuadratic) {
  const TokenTable table = table_with({"aa", "aaaa"});
  const std::string piece(100001, 'a');
  const Parts parts = split(table, piece);
  ASSERT_EQ(parts.size(), 25001U);
  EXPECT_EQ(parts.front(), "aaaa");
  EXPECT_EQ(parts.back(), "a");
}

TEST(TokenTable, FindsByBytes) {
  const TokenTable table(std::vector<std::string>{"b", "", "a", "ab", "a"});
  EXPECT_EQ(table.size(), 5);
  EXPECT_EQ(table.bytes(0), "b");
  EXPECT_EQ(table.bytes(1), "");
  EXPECT_EQ(table.bytes(3), "ab");
  EXPECT_EQ(table.find("b"), 0);
  EXPECT_EQ(table.find("a"), 2) << "of two, the lower id";
  EXPECT_EQ(table.find("ab"), 3);
  EXPECT_EQ(table.find(""), std::nullopt);
  EXPECT_EQ(table.find("abc"), std::nullopt);
}

}  // namespace
}  // namespace npuwhisper
