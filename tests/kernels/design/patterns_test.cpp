// SPDX-License-Identifier: LGPL-2.1-or-later
#include "design/patterns.h"

#include <set>

#include <gtest/gtest.h>

#include "support/walk.h"

namespace npuwhisper::npu {
namespace {

constexpr std::uint64_t kRowWords = core::kTile / 2;

TEST(Patterns, TilesOfRowsGoAlongARowPanelAndThenDown) {
  const HostMatrix matrix{.argument = 0, .offset = 0, .row_stride = 192};
  const BufferDescriptor d = patterns::tiles_of_rows(matrix, 3, 256, 6);
  for (int pass : {0, 1, 5}) {
    const auto words = walk(d, pass);
    ASSERT_EQ(words.size(), 3U * 2048);
    std::size_t i = 0;
    for (std::uint64_t tile = 0; tile < 3; ++tile) {
      for (std::uint64_t row = 0; row < 64; ++row) {
        for (std::uint64_t word = 0; word < kRowWords; ++word) {
          const std::uint64_t whole_row = static_cast<std::uint64_t>(pass) * 256 + row;
          ASSERT_EQ(words[i++], whole_row * 96 + tile * kRowWords + word);
        }
      }
    }
  }
}

TEST(Patterns, RowsMayOverlap) {
  const HostMatrix matrix{.argument = 0, .offset = 0, .row_stride = 80};
  const auto words = walk(patterns::tiles_of_rows(matrix, 4, 64, 1));
  EXPECT_EQ(words[0], 0U);
  EXPECT_EQ(words[kRowWords], 40U);   // The next row begins within the window of this row.
  EXPECT_EQ(words[2048], kRowWords);  // Start of the next tile.
  EXPECT_EQ(words.back(), 63 * 40 + 127U);
}

TEST(Patterns, ResultsOfAllPassesOrOneByOneAreTheSameWords) {
  const HostMatrix matrix{.argument = 0, .offset = 0, .row_stride = 512};
  const auto whole = walk(patterns::whole_column_of_tiles(matrix, 256, 6));
  const BufferDescriptor by_pass = patterns::column_of_tiles(matrix, 256, 6);
  std::vector<std::uint64_t> all;
  for (int pass = 0; pass < 6; ++pass) {
    const auto words = walk(by_pass, pass);
    all.insert(all.end(), words.begin(), words.end());
  }
  EXPECT_EQ(all, whole);
  EXPECT_EQ(whole.back(), 1535U * 256 + kRowWords - 1);
}

TEST(Patterns, TransposedResultsLieSideBySide) {
  const HostMatrix matrix{.argument = 0, .offset = 0, .row_stride = 1536};
  const auto whole = walk(patterns::tiles_along_rows(matrix, 24, 1));
  const BufferDescriptor by_pass = patterns::tiles_along_rows(matrix, 4, 6);
  std::vector<std::uint64_t> all;
  for (int pass = 0; pass < 6; ++pass) {
    const auto words = walk(by_pass, pass);
    all.insert(all.end(), words.begin(), words.end());
  }
  EXPECT_EQ(all, whole);
  EXPECT_EQ(whole[2048], kRowWords);
  EXPECT_EQ(whole.back(), 63U * 768 + 24 * kRowWords - 1);
}

class Blocks : public testing::TestWithParam<core::BlockShape> {};

// A core must find the tile's element [r][c] at [r/m][c/k][r%m][c%k].
TEST_P(Blocks, CutTilesAsTheMultiplierTakesThem) {
  const core::BlockShape block = GetParam();
  const auto check = [](const BufferDescriptor& d, int rows, int columns, int n_tiles) {
    const auto words = walk(d);
    ASSERT_EQ(words.size(), static_cast<std::size_t>(n_tiles) * 2048);
    for (int tile = 0; tile < n_tiles; ++tile) {
      for (int r = 0; r < 64; ++r) {
        for (int c = 0; c < 64; c += 2) {
          const int element =
              ((r / rows * (64 / columns) + c / columns) * rows + r % rows) * columns + c % columns;
          const auto at = static_cast<std::size_t>(tile * 2048 + element / 2);
          ASSERT_EQ(words[at], static_cast<std::uint64_t>(tile * 2048 + (r * 64 + c) / 2));
        }
      }
    }
  };
  check(patterns::blocks_of_a(block, 1), block.m, block.k, 1);
  check(patterns::blocks_of_a(block, 3), block.m, block.k, 3);
  check(patterns::blocks_of_b(block, 1), block.k, block.n, 1);
  check(patterns::blocks_of_b(block, 48), block.k, block.n, 48);
}

TEST_P(Blocks, TheHeadersWordsGoTheSameWay) {
  const auto words = walk(patterns::blocks_of_b(GetParam(), 1));
  std::set<int> places;
  for (int i = 0; i < 2048; ++i) {
    const int place = word_before_blocks(GetParam(), i);
    EXPECT_EQ(static_cast<std::uint64_t>(place), words[static_cast<std::size_t>(i)]);
    places.insert(place);
  }
  EXPECT_EQ(places.size(), 2048U);
}

TEST_P(Blocks, FitADescriptor) {
  const ArrayModel& array = **find_array("npu1");
  EXPECT_TRUE(pack(patterns::blocks_of_a(GetParam(), 48), TileKind::Mem, array));
  EXPECT_TRUE(pack(patterns::blocks_of_b(GetParam(), 48), TileKind::Mem, array));
}

INSTANTIATE_TEST_SUITE_P(BothGenerations, Blocks,
                         testing::Values(core::kBlocksAie2, core::kBlocksAie2p),
                         [](const auto& block) { return block.param.m == 4 ? "Aie2" : "Aie2p"; });

}  // namespace
}  // namespace npuwhisper::npu
