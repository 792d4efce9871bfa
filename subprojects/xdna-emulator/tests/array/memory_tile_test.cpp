// SPDX-License-Identifier: LGPL-2.1-or-later
#include <array>
#include <bit>

#include <gtest/gtest.h>

#include "hand_built.h"

namespace npuwhisper::emu::test {
namespace {

constexpr npu::TileId kShim{0, 0};
constexpr npu::TileId kMem{0, 1};
// The addresses and locks that a memory tile can access belong to three tiles: the western
// neighbour, the tile itself and the eastern neighbour, in this order.
constexpr std::uint64_t kOwn = 0x80000;
constexpr std::uint64_t kEast = 0x100000;
constexpr std::uint32_t kOwnLock = 64;
constexpr std::uint32_t kEastLock = 128;

Design on_columns(int n_columns) {
  Design design;
  design.name = "memory_tile";
  design.array = npu1();
  design.n_columns = n_columns;
  return design;
}

/// Returns a design in which data flows from the shim through the memory tile back to the shim. The
/// memory tile receives with the descriptor `in` and sends with `out`.
Design through_memory(npu::BufferDescriptor in, npu::BufferDescriptor out) {
  Design design = on_columns(1);
  design.locks = {{"empty", kMem, 0, 1}, {"full", kMem, 1, 0}};
  in.valid = out.valid = true;
  design.descriptors = {{kMem, 0, then(locked(in, kOwnLock, kOwnLock + 1), 0)},
                        {kMem, 1, then(locked(out, kOwnLock + 1, kOwnLock), 1)}};
  design.channels = {{kMem, false, 0, 0, {{0, 0, false}}}, {kMem, true, 0, 0, {{1, 0, false}}}};
  design.routes = {{dma(kShim, 0), {dma(kMem, 0)}, {}, false},
                   {dma(kMem, 0), {dma(kShim, 0)}, {}, false}};
  return design;
}

/// Sends `in` and returns the `n_out` received words.
std::vector<std::uint32_t> pass(const Design& design, const std::vector<std::uint32_t>& in,
                                std::uint32_t n_out) {
  auto array = configured(design);
  HostMemory host;
  const std::uint64_t from = host.add(in);
  const std::uint64_t to = host.add(std::vector<std::uint32_t>(n_out));
  Stream stream(design);
  stream.descriptor(kShim, 0, linear(static_cast<std::uint32_t>(in.size())), 0);
  stream.descriptor(kShim, 1, linear(n_out), 1);
  stream.push(kShim, true, 0, {0, 0, false}).push(kShim, false, 0, {1, 0, true});
  stream.sync(kShim, false, 0);
  const std::uint64_t arguments[] = {from, to};
  const RunOutcome outcome = array->run(stream.words(), arguments, host);
  EXPECT_EQ(outcome.state, RunState::Completed) << outcome.message;
  return host.words(to);
}

TEST(MemoryTile, ReordersOnTheWayOut) {
  auto out = linear(16, kOwn);
  out.dims = {{{4, 4}, {0, 1}, {}, {}}};  // 4 x 4, transposed
  const auto words = pass(through_memory(linear(16, kOwn), out), counting(32, 0), 32);
  for (std::uint32_t i = 0; i < 32; ++i) {
    EXPECT_EQ(words[i], i / 16 * 16 + i % 4 * 4 + i % 16 / 4) << i;
  }
}

TEST(MemoryTile, ReordersOnTheWayIn) {
  auto in = linear(16, kOwn);
  // The walk stores words in 2 x 2 blocks of a 4 x 4 tile.
  in.dims = {{{2, 1}, {2, 4}, {2, 2}, {0, 8}}};
  const auto words = pass(through_memory(in, linear(16, kOwn)), counting(16, 0), 16);
  const std::vector<std::uint32_t> expected{0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15};
  EXPECT_EQ(words, expected);
}

TEST(MemoryTile, PadsWithTheChannelsValue) {
  auto out = linear(5 * 3, kOwn);
  out.dims = {{{3, 1, 1, 1}, {2, 3, 1, 0}, {}, {}}};
  Design design = through_memory(linear(6, kOwn), out);
  design.channels[1].pad_value = 99;
  const auto words = pass(design, counting(6), 15);
  const std::vector<std::uint32_t> expected{99, 99, 99, 99, 99, 99, 1, 2, 3, 99, 99, 4, 5, 6, 99};
  EXPECT_EQ(words, expected);
}

TEST(MemoryTile, IterationMovesTheAddressAndPersists) {
  // Each execution sends the next four of twelve words: 0..3, 4..7, 8..11, then 0..3 again.
  auto out = linear(4, kOwn);
  out.iteration_wrap = 3;
  out.iteration_step = 4;
  Design design = on_columns(1);
  Buffer buffer{"data", kMem, 0, 48, {}};
  const auto data = counting(12, 0);
  buffer.initial.assign(std::as_bytes(std::span(data)).begin(),
                        std::as_bytes(std::span(data)).end());
  design.buffers = {buffer};
  design.descriptors = {{kMem, 0, out}};
  design.routes = {{dma(kMem, 0), {dma(kShim, 0)}, {}, false}};
  auto array = configured(design);
  HostMemory host;
  const std::uint64_t to = host.add(std::vector<std::uint32_t>(8));
  const std::uint64_t arguments[] = {to};
  Stream stream(design);
  stream.descriptor(kShim, 0, linear(8), 0).push(kShim, false, 0, {0, 0, true});
  stream.push(kMem, true, 0, {0, 1, false}).sync(kShim, false, 0);
  ASSERT_EQ(array->run(stream.words(), arguments, host).state, RunState::Completed);
  EXPECT_EQ(host.words(to), counting(8, 0));
  ASSERT_EQ(array->run(stream.words(), arguments, host).state, RunState::Completed);
  const std::vector<std::uint32_t> expected{8, 9, 10, 11, 0, 1, 2, 3};
  EXPECT_EQ(host.words(to), expected);
}

TEST(MemoryTile, BroadcastReachesAll) {
  // One memory tile sends to three shim channels of two columns.
  Design design = through_memory(linear(32, kOwn), linear(32, kOwn));
  design.n_columns = 2;
  const npu::TileId other{1, 0};
  design.routes[1].destinations = {dma(kShim, 0), dma(kShim, 1), dma(other, 0)};
  auto array = configured(design);
  HostMemory host;
  const std::uint64_t in = host.add(counting(64));
  std::vector<std::uint64_t> arguments{in};
  Stream stream(design);
  stream.descriptor(kShim, 0, linear(64), 0);
  for (int i = 0; i < 3; ++i) {
    arguments.push_back(host.add(std::vector<std::uint32_t>(64)));
    const npu::TileId shim = i == 2 ? other : kShim;
    stream.descriptor(shim, 1 + i, linear(64), 1 + i).push(shim, false, i % 2, {1 + i, 0, true});
  }
  stream.push(kShim, true, 0, {0, 0, false});
  stream.sync(kShim, false, 0).sync(kShim, false, 1).sync(other, false, 0);
  const RunOutcome outcome = array->run(stream.words(), arguments, host);
  ASSERT_EQ(outcome.state, RunState::Completed) << outcome.message;
  for (std::size_t i = 1; i < 4; ++i) EXPECT_EQ(host.words(arguments[i]), counting(64)) << i;
}

TEST(MemoryTile, ReachesItsNeighboursMemoryAndLocks) {
  // Column 0 writes into column 1's memory and releases column 1's lock. Column 1 forwards the
  // data.
  Design design = on_columns(2);
  const npu::TileId east{1, 1};
  const npu::TileId east_shim{1, 0};
  design.locks = {{"empty", east, 0, 1}, {"full", east, 1, 0}};
  design.descriptors = {
      {kMem, 0, then(locked(linear(16, kEast + 0x100), kEastLock, kEastLock + 1), 0)},
      {east, 0, then(locked(linear(16, kOwn + 0x100), kOwnLock + 1, kOwnLock), 0)}};
  design.channels = {{kMem, false, 0, 0, {{0, 0, false}}}, {east, true, 0, 0, {{0, 0, false}}}};
  design.routes = {{dma(kShim, 0), {dma(kMem, 0)}, {}, false},
                   {dma(east, 0), {dma(east_shim, 0)}, {}, false}};
  auto array = configured(design);
  HostMemory host;
  const std::uint64_t to = host.add(std::vector<std::uint32_t>(32));
  const std::uint64_t arguments[] = {host.add(counting(32)), to};
  Stream stream(design);
  stream.descriptor(kShim, 0, linear(32), 0).descriptor(east_shim, 0, linear(32), 1);
  stream.push(kShim, true, 0, {0, 0, false}).push(east_shim, false, 0, {0, 0, true});
  stream.sync(east_shim, false, 0);
  const RunOutcome outcome = array->run(stream.words(), arguments, host);
  ASSERT_EQ(outcome.state, RunState::Completed) << outcome.message;
  EXPECT_EQ(host.words(to), counting(32));
}

TEST(MemoryTile, HasANeighbourWestOfTheFirstColumnOnNpu1) {
  // Data passes in and out through the western neighbour's memory, with the tile's own locks.
  Design design = through_memory(linear(16, 0x40), linear(16, 0x40));
  EXPECT_EQ(pass(design, counting(64), 64), counting(64));
}

/// Two sources send packets of 8 words with ids 1 and 2 to one shim channel.
TEST(MemoryTile, PacketsMergeWhole) {
  for (const bool keep : {false, true}) {
    Design design = on_columns(1);
    std::uint32_t n_words = 8;
    for (int i = 0; i < 2; ++i) {
      Buffer buffer{"data", kMem, static_cast<std::uint32_t>(i) * 0x100, 64, {}};
      const auto data = counting(16, 100 * static_cast<std::uint32_t>(i + 1));
      const auto bytes = std::as_bytes(std::span(data));
      buffer.initial.assign(bytes.begin(), bytes.end());
      design.buffers.push_back(buffer);
      auto out = linear(8, kOwn + buffer.address);
      out.packet = true;
      out.packet_id = static_cast<std::uint32_t>(i) + 1;
      out.packet_type = 5;
      out.iteration_wrap = 2;
      out.iteration_step = 8;
      // Even channels use the lower half of the descriptors.
      design.descriptors.push_back({kMem, 24 * i, out});
      design.routes.push_back({dma(kMem, i), {dma(kShim, 0)}, i + 1, keep});
    }
    if (keep) ++n_words;
    auto array = configured(design);
    HostMemory host;
    const std::uint64_t to = host.add(std::vector<std::uint32_t>(4 * n_words));
    const std::uint64_t arguments[] = {to};
    Stream stream(design);
    stream.descriptor(kShim, 0, linear(4 * n_words), 0).push(kShim, false, 0, {0, 0, true});
    stream.push(kMem, true, 0, {0, 1, false}).push(kMem, true, 1, {24, 1, false});
    stream.sync(kShim, false, 0);
    const RunOutcome outcome = array->run(stream.words(), arguments, host);
    ASSERT_EQ(outcome.state, RunState::Completed) << outcome.message;
    std::uint32_t next[] = {100, 200};
    const auto& words = host.words(to);
    for (std::size_t packet = 0; packet < 4; ++packet) {
      const auto* at = words.data() + packet * n_words;
      const std::uint32_t id = at[n_words - 1] >= 200 ? 2 : 1;
      if (keep) {
        // The header has odd parity over the id, type 5, row 1 and column 0.
        const std::uint32_t header = id | 5U << 12 | 1U << 16;
        EXPECT_EQ(*at, header | (std::popcount(header) % 2 == 0 ? 1U << 31 : 0)) << packet;
        ++at;
      }
      for (std::uint32_t i = 0; i < 8; ++i) EXPECT_EQ(at[i], next[id - 1]++) << packet;
    }
  }
}

/// Three sources continuously send packets to one channel. The sources take turns: each source
/// sends 10 of the 30 received packets.
TEST(MemoryTile, PacketsTakeTurns) {
  Design design = on_columns(1);
  for (int i = 0; i < 3; ++i) {
    Buffer buffer{"data", kMem, static_cast<std::uint32_t>(i) * 0x100, 16, {}};
    const std::vector<std::uint32_t> data(4, static_cast<std::uint32_t>(i));
    const auto bytes = std::as_bytes(std::span(data));
    buffer.initial.assign(bytes.begin(), bytes.end());
    design.buffers.push_back(buffer);
    auto out = linear(4, kOwn + buffer.address);
    out.packet = true;
    out.packet_id = static_cast<std::uint32_t>(i);
    const int id = i == 1 ? 24 : i;
    design.descriptors.push_back({kMem, id, then(out, static_cast<std::uint32_t>(id))});
    design.channels.push_back({kMem, true, i, 0, {{id, 0, false}}});
    design.routes.push_back({dma(kMem, i), {dma(kShim, 0)}, i, false});
  }
  auto array = configured(design);
  HostMemory host;
  const std::uint64_t to = host.add(std::vector<std::uint32_t>(4 * 30));
  const std::uint64_t arguments[] = {to};
  Stream stream(design);
  stream.descriptor(kShim, 0, linear(4 * 30), 0).push(kShim, false, 0, {0, 0, true});
  stream.sync(kShim, false, 0);
  const RunOutcome outcome = array->run(stream.words(), arguments, host);
  ASSERT_EQ(outcome.state, RunState::Completed) << outcome.message;
  std::array<int, 3> n_packets{};
  for (std::size_t i = 0; i < 30; ++i) ++n_packets.at(host.words(to)[4 * i]);
  EXPECT_EQ(n_packets, (std::array<int, 3>{10, 10, 10}));
}

TEST(MemoryTile, PacketsGoWhereTheirIdSays) {
  Design design = on_columns(1);
  design.routes = {{dma(kShim, 0), {dma(kMem, 0)}, 3, false},
                   {dma(kShim, 0), {dma(kMem, 1)}, 4, false},
                   {dma(kMem, 0), {dma(kShim, 0)}, {}, false}};
  design.locks = {{"first", kMem, 0, 0}, {"second", kMem, 1, 0}};
  auto first = linear(8, kOwn);
  first.release_lock = kOwnLock;
  first.release_value = 1;
  auto second = linear(8, kOwn + 32);
  second.release_lock = kOwnLock + 1;
  second.release_value = 1;
  auto out = then(linear(8, kOwn + 32), 2);
  out.acquire_enable = true;
  out.acquire_lock = kOwnLock + 1;
  out.acquire_value = -1;
  auto out2 = linear(8, kOwn);
  out2.acquire_enable = true;
  out2.acquire_lock = kOwnLock;
  out2.acquire_value = -1;
  design.descriptors = {{kMem, 0, first}, {kMem, 24, second}, {kMem, 1, out}, {kMem, 2, out2}};
  design.channels = {{kMem, false, 0, 0, {{0, 0, false}}},
                     {kMem, false, 1, 0, {{24, 0, false}}},
                     {kMem, true, 0, 0, {{1, 0, false}}}};
  auto array = configured(design);
  HostMemory host;
  const std::uint64_t to = host.add(std::vector<std::uint32_t>(16));
  const std::uint64_t arguments[] = {host.add(counting(16)), to};
  Stream stream(design);
  auto in = linear(8);
  in.packet = true;
  in.packet_id = 3;
  stream.descriptor(kShim, 0, in, 0);
  in.packet_id = 4;
  stream.descriptor(kShim, 1, in, 0, 32);
  stream.descriptor(kShim, 2, linear(16), 1);
  stream.push(kShim, true, 0, {0, 0, false}).push(kShim, true, 0, {1, 0, false});
  stream.push(kShim, false, 0, {2, 0, true}).sync(kShim, false, 0);
  const RunOutcome outcome = array->run(stream.words(), arguments, host);
  ASSERT_EQ(outcome.state, RunState::Completed) << outcome.message;
  auto expected = counting(8, 9);
  const auto rest = counting(8);
  expected.insert(expected.end(), rest.begin(), rest.end());
  EXPECT_EQ(host.words(to), expected);
}

}  // namespace
}  // namespace npuwhisper::emu::test
