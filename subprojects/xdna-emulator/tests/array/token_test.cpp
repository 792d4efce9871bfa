// SPDX-License-Identifier: LGPL-2.1-or-later
// A task-complete token reaches the controller only if a route takes the token's controller id.
#include <gtest/gtest.h>

#include "hand_built.h"

namespace npuwhisper::emu::test {
namespace {

constexpr npu::TileId kShim{0, 0};
constexpr npu::TileId kMem{0, 1};
constexpr npu::TileId kCore{0, 2};

/// Returns a design in which each tile's channel MM2S 0 sends to its channel S2MM 0. In the shim,
/// channel MM2S 1 also sends to channel S2MM 1. `tokens` are the routes of the tokens.
Design loops(std::vector<Route> tokens) {
  Design design;
  design.array = npu1();
  design.n_columns = 1;
  design.routes = std::move(tokens);
  for (const npu::TileId tile : {kShim, kMem, kCore}) {
    design.routes.push_back({dma(tile, 0), {dma(tile, 0)}, {}, false});
  }
  design.routes.push_back({dma(kShim, 1), {dma(kShim, 1)}, {}, false});
  design.descriptors = {{kMem, 0, linear(4, 0x80000)},
                        {kMem, 1, linear(4, 0x80100)},
                        {kCore, 0, linear(4)},
                        {kCore, 1, linear(4, 0x100)}};
  return design;
}

/// Adds a transfer of four words from MM2S `channel` to S2MM `channel`. The receiver issues a
/// token.
void transfer(Stream& stream, npu::TileId tile, int channel = 0) {
  if (tile == kShim) {
    stream.descriptor(tile, 2 * channel, linear(4), 0);
    stream.descriptor(tile, 2 * channel + 1, linear(4), 0, 16);
  }
  stream.push(tile, false, channel, {2 * channel + 1, 0, true});
  stream.push(tile, true, channel, {2 * channel, 0, false});
}

RunOutcome run(const Design& design, const Stream& stream) {
  auto array = Array::create(design, {});
  EXPECT_TRUE(array) << array.error().message;
  if (!array) return {};
  HostMemory host;
  const std::uint64_t arguments[] = {host.add(counting(8))};
  return (*array)->run(stream.words(), arguments, host);
}

/// Transfers words on channel 0 of `tile`, after a write of the controller id `id`, and waits for
/// the token.
RunOutcome run_one(const Design& design, npu::TileId tile, std::optional<int> id) {
  Stream stream(design);
  if (id) stream.controller_id(tile, false, 0, *id);
  transfer(stream, tile);
  return run(design, stream.sync(tile, false, 0));
}

void expect_held(const RunOutcome& outcome, const std::string& reason) {
  EXPECT_EQ(outcome.state, RunState::Hung);
  EXPECT_NE(outcome.message.find("\n    " + reason + "\n"), std::string::npos) << outcome.message;
}

TEST(Tokens, ArriveByTheRouteOfTheirId) {
  for (const npu::TileId tile : {kShim, kMem, kCore}) {
    const RunOutcome outcome = run_one(loops({token_route(tile, 15)}), tile, 15);
    EXPECT_EQ(outcome.state, RunState::Completed) << outcome.message;
  }
}

TEST(Tokens, TakeOneOfSeveralRoutes) {
  const Design design =
      loops({token_route(kMem, 26), token_route(kShim, 3), token_route(kShim, 15)});
  EXPECT_EQ(run_one(design, kShim, 3).state, RunState::Completed);
  EXPECT_EQ(run_one(design, kShim, 15).state, RunState::Completed);
  expect_held(run_one(design, kShim, 26),
              "its token never arrives: it has controller id 26, and the routes for tokens of tile "
              "(0, 0) take ids 3, 15");
}

TEST(Tokens, NeverArriveIfTheIdIsNotWritten) {
  const RunOutcome outcome = run_one(loops({token_route(kShim, 15)}), kShim, {});
  EXPECT_EQ(outcome.state, RunState::Hung);
  EXPECT_EQ(outcome.message,
            "the array is deadlocked: nothing can move, and the stream waits\n"
            "  the stream is at instruction 6 of 7\n"
            "  it waits for a task-complete token of tile (0, 0) S2MM 0\n"
            "    its token never arrives: it has controller id 0 (the id of a channel to which no "
            "id was written), and the routes for tokens of tile (0, 0) take id 15\n"
            "    tile (0, 0) S2MM 0: has no task");
}

TEST(Tokens, NeverArriveWithAWrongId) {
  for (const int id : {14, 16, 31}) {
    expect_held(run_one(loops({token_route(kShim, 15)}), kShim, id),
                "its token never arrives: it has controller id " + std::to_string(id) +
                    ", and the routes for tokens of tile (0, 0) take id 15");
  }
}

TEST(Tokens, NeverArriveWithoutARoute) {
  for (const npu::TileId tile : {kShim, kMem, kCore}) {
    const npu::TileId other = tile == kMem ? kCore : kMem;
    const std::string row = std::to_string(tile.row);
    expect_held(run_one(loops({token_route(other, 15)}), tile, 15),
                "its token never arrives: tile (0, " + row +
                    ") has no route for tokens (a packet flow with id 15 from its port TileControl "
                    ": 0 to port South : 0 of a shim)");
  }
}

TEST(Tokens, NeverArriveByAnotherHostPort) {
  expect_held(run_one(loops({token_route(kShim, 15, 1)}), kShim, 15),
              "its token never arrives: its route ends at tile (0, 0) host port 1, and only host "
              "port 0 leads to the controller");
}

// A circuit carries all words of its source, so it carries packets with any id.
TEST(Tokens, ArriveByACircuitWithAnyId) {
  for (const int id : {0, 15, 31}) {
    EXPECT_EQ(run_one(loops({token_route(kShim, {})}), kShim, id).state, RunState::Completed);
  }
}

// A tile has one control port. A word that cannot leave this port blocks all words behind it.
TEST(Tokens, WaitBehindATokenThatIsStuck) {
  const Design design = loops({token_route(kShim, 15)});
  Stream stream(design);
  stream.controller_id(kShim, false, 0, 4).controller_id(kShim, false, 1, 15);
  transfer(stream, kShim, 0);
  // The stream waits until channel 0 is idle.
  constexpr std::uint32_t kStatus = 0x1d220;
  stream.add(npu::MaskPoll{kStatus, 0, 1U << 19});
  transfer(stream, kShim, 1);
  expect_held(run(design, stream.sync(kShim, false, 1)),
              "its token waits behind a token of tile (0, 0) S2MM 0 that never arrives: it has "
              "controller id 4, and the routes for tokens of tile (0, 0) take id 15");
}

TEST(Tokens, OfOtherTilesAreNotBlocked) {
  const Design design = loops({token_route(kShim, 15), token_route(kMem, 26)});
  Stream stream(design);
  stream.controller_id(kShim, false, 0, 4).controller_id(kMem, false, 0, 26);
  transfer(stream, kShim);
  transfer(stream, kMem);
  const RunOutcome outcome = run(design, stream.sync(kMem, false, 0));
  EXPECT_EQ(outcome.state, RunState::Completed) << outcome.message;
}

// A channel's reset is a bit of the same register. mlir-aie sets and clears the bit under a mask.
TEST(Tokens, KeepTheIdAcrossAResetUnderAMask) {
  const Design design = loops({token_route(kMem, 26)});
  constexpr std::uint32_t kControl = 0x1a0600;
  constexpr std::uint32_t kReset = 2;
  Stream masked(design);
  masked.controller_id(kMem, false, 0, 26);
  masked.add(npu::MaskWrite{kControl, kReset, kReset}).add(npu::MaskWrite{kControl, 0, kReset});
  transfer(masked, kMem);
  EXPECT_EQ(run(design, masked.sync(kMem, false, 0)).state, RunState::Completed);
  Stream whole(design);
  whole.controller_id(kMem, false, 0, 26).write(kControl, kReset).write(kControl, 0);
  transfer(whole, kMem);
  EXPECT_EQ(run(design, whole.sync(kMem, false, 0)).state, RunState::Hung);
}

// A controller id stays set after the run. A later stream does not have to write the id again.
TEST(Tokens, KeepTheIdFromRunToRun) {
  const Design design = loops({token_route(kShim, 15)});
  auto array = Array::create(design, {});
  ASSERT_TRUE(array) << array.error().message;
  HostMemory host;
  const std::uint64_t arguments[] = {host.add(counting(8))};
  Stream first(design);
  first.controller_id(kShim, false, 0, 15);
  ASSERT_EQ((*array)->run(first.words(), arguments, host).state, RunState::Completed);
  Stream second(design);
  transfer(second, kShim);
  second.sync(kShim, false, 0);
  EXPECT_EQ((*array)->run(second.words(), arguments, host).state, RunState::Completed);
}

}  // namespace
}  // namespace npuwhisper::emu::test
