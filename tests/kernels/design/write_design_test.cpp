// SPDX-License-Identifier: LGPL-2.1-or-later
#include "design/write_design.h"

#include <map>
#include <regex>
#include <set>

#include <gtest/gtest.h>

namespace npuwhisper::npu {
namespace {

std::string design(const char* array, int rows, int columns) {
  return write_design(*make_design_spec(array, rows, columns));
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t n = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
  return n;
}

std::vector<std::smatch> matches(const std::string& text, const std::string& pattern) {
  const std::regex regex(pattern);
  return {std::sregex_iterator(text.begin(), text.end(), regex), std::sregex_iterator()};
}

TEST(WriteDesign, NamesThePartition) {
  EXPECT_NE(design("npu1", 4, 4).find("aie.device(npu1) {"), std::string::npos);
  EXPECT_NE(design("npu2", 4, 8).find("aie.device(npu2) {"), std::string::npos);
  EXPECT_NE(design("npu2", 4, 4).find("aie.device(npu2_4col) {"), std::string::npos);
  EXPECT_NE(design("npu1", 1, 1).find("aie.device(npu1_1col) {"), std::string::npos);
  EXPECT_NE(design("npu1", 4, 1).find("aie.device(npu1) {"), std::string::npos);
}

TEST(WriteDesign, HasWhatItsCoresNeed) {
  const std::string text = design("npu2", 4, 8);
  EXPECT_EQ(count(text, " = aie.core("), 32U);
  EXPECT_EQ(count(text, " = aie.mem("), 32U);
  EXPECT_EQ(count(text, " = aie.memtile_dma("), 8U);
  EXPECT_EQ(count(text, " = aie.tile("), 48U);
  // A has 4 flows from the host, each to 8 cores. B has 8 flows from the host, each to 4 cores. C
  // has one flow from each core, and 8 to the host.
  EXPECT_EQ(count(text, "aie.flow("), 4U + 32 + 8 + 32 + 32 + 8);
  EXPECT_EQ(count(text, "aie.shim_dma_allocation @a_"), 4U);
  EXPECT_EQ(count(text, "aie.shim_dma_allocation @c_"), 8U);
  EXPECT_EQ(count(text, "link_with = \"encoder_core.o\""), 32U);
}

// The instruction streams write this controller id. Memory tiles and cores issue no tokens.
TEST(WriteDesign, ShimsHaveTheControllerIdOfTheStreams) {
  const std::string text = design("npu2", 4, 8);
  const auto ids = matches(text, R"(= aie\.tile\(\d, (\d)\) \{controller_id = )"
                                 R"(#aie\.packet_info<pkt_type = 0, pkt_id = (\d+)>\})");
  EXPECT_EQ(ids.size(), 8U);
  for (const auto& m : ids) {
    EXPECT_EQ(m[1], "0") << m[0];
    EXPECT_EQ(std::stoi(m[2]), layout::kShimControllerId) << m[0];
  }
}

TEST(WriteDesign, BracesAndBracketsBalance) {
  for (const auto& text : {design("npu1", 4, 4), design("npu2", 4, 8), design("npu1", 4, 1)}) {
    EXPECT_EQ(count(text, "{"), count(text, "}"));
    EXPECT_EQ(count(text, "("), count(text, ")"));
    EXPECT_EQ(count(text, "["), count(text, "]"));
  }
}

// Each destination channel receives one stream, and no tile uses more channels than it has.
TEST(WriteDesign, ChannelsAreUsedOnce) {
  const std::string text = design("npu2", 4, 8);
  std::set<std::string> destinations;
  std::map<std::string, std::set<std::string>> sources;
  for (const auto& m : matches(text, R"(aie\.flow\((%\w+), DMA : (\d), (%\w+), DMA : (\d)\))")) {
    EXPECT_TRUE(destinations.insert(m[3].str() + ":" + m[4].str()).second) << m[0];
    sources[m[1]].insert(m[2]);
  }
  for (const auto& [tile, channels] : sources) {
    const std::size_t limit = tile.ends_with("_1") ? 6 : 2;
    EXPECT_LE(channels.size(), limit) << tile;
  }
}

// Every descriptor and lock has a fixed id, which is unique within its tile.
TEST(WriteDesign, DescriptorsAndLocksArePinned) {
  const std::string text = design("npu1", 4, 4);
  std::set<std::string> locks;
  for (const auto& m : matches(text, R"(aie\.lock\((%\w+), (\d+)\))")) {
    EXPECT_TRUE(locks.insert(m[1].str() + ":" + m[2].str()).second) << m[0];
    EXPECT_LT(std::stoi(m[2]), m[1].str().ends_with("_1") ? 64 : 16);
  }
  EXPECT_EQ(locks.size(), count(text, "aie.lock("));
  EXPECT_EQ(count(text, "aie.dma_bd("), count(text, "{bd_id = "));

  std::string tile;
  std::set<int> ids;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::smatch m;
    if (std::regex_search(line, m, std::regex(R"(aie\.(mem|memtile_dma)\((%\w+)\))"))) {
      tile = m[2];
      ids.clear();
    }
    if (std::regex_search(line, m, std::regex(R"(bd_id = (\d+))"))) {
      EXPECT_TRUE(ids.insert(std::stoi(m[1])).second) << tile << ": " << line;
      EXPECT_LT(std::stoi(m[1]), tile.ends_with("_1") ? 48 : 16);
    }
  }
}

// The buffers of a tile neither overlap nor exceed its memory.
TEST(WriteDesign, BuffersDoNotOverlap) {
  const std::string text = design("npu2", 4, 8);
  std::map<std::string, std::vector<std::pair<int, int>>> spans;
  for (const auto& m : matches(
           text, R"(aie\.buffer\((%\w+)\) \{address = (\d+) : i32, .*\} : memref<(\d+)x(\w+)>)")) {
    const int element = m[4] == "bf16" ? 2 : 4;
    spans[m[1]].push_back({std::stoi(m[2]), std::stoi(m[2]) + std::stoi(m[3]) * element});
  }
  EXPECT_EQ(spans.size(), 40U);
  for (const auto& [tile, list] : spans) {
    const int size = tile.ends_with("_1") ? 512 * 1024 : 64 * 1024;
    int end = tile.ends_with("_1") ? 0 : core::kStackBytes;
    for (const auto& [from, to] : list) {  // aiecc requires ascending addresses.
      EXPECT_GE(from, end) << tile;
      end = to;
    }
    EXPECT_LE(end, size) << tile;
  }
}

TEST(WriteDesign, CutsResultsByTheGenerationsBlocks) {
  EXPECT_NE(design("npu1", 1, 1).find("sizes = [16, 16, 4, 4] strides = [256, 4, 64, 1]"),
            std::string::npos);
  EXPECT_NE(design("npu2", 1, 1).find("sizes = [8, 8, 8, 8] strides = [512, 8, 64, 1]"),
            std::string::npos);
}

TEST(WriteDesign, EachValueIsDefinedOnceInItsRegion) {
  const std::string text = design("npu1", 2, 2);
  // Values of the device's region are indented by four spaces.
  std::set<std::string> names;
  for (const auto& m : matches(text, R"(\n    (%\w+) = )")) {
    EXPECT_TRUE(names.insert(m[1]).second) << m[1];
  }
  EXPECT_GT(names.size(), 50U);
}

}  // namespace
}  // namespace npuwhisper::npu
