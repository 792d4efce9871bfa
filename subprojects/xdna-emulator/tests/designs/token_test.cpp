// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A sync of a design ends only if the stream writes the controller id and the design routes the
// token. mlir-aie adds both for shims, and only the id for memory tiles and cores.
#include "text_design.h"

namespace npuwhisper::emu::test {
namespace {

using TokenDesign = TextDesign;
INSTANTIATE_TEST_SUITE_P(Arrays, TokenDesign, ::testing::Values("npu1", "npu2"));

using Stream = std::vector<npu::Instruction>;

/// Returns a design with two columns. In each column, a core adds 1 to the words that it receives.
/// `shim` holds the attributes of both shims.
std::string two_columns(const std::string& shim = "") {
  std::string text;
  for (const std::string column : {"0", "1"}) {
    text += "%s" + column + " = aie.tile(" + column + ", 0) " + shim + "\n%c" + column +
            " = aie.tile(" + column + ", 2)\naie.objectfifo @in" + column + "(%s" + column +
            ", {%c" + column +
            "}, 2 : i32) : !aie.objectfifo<memref<16xi32>>\naie.objectfifo @out" + column + "(%c" +
            column + ", {%s" + column + "}, 2 : i32) : !aie.objectfifo<memref<16xi32>>\n" +
            adding_core("%c" + column, "in" + column, "out" + column, 16, 1);
  }
  return text +
         "aie.runtime_sequence(%a : memref<64xi32>, %b : memref<64xi32>, %c : memref<64xi32>) {\n" +
         transfer("%b", 64, "out0", 1) + transfer("%c", 64, "out1", 1) +
         transfer("%a", 64, "in0", 0, ", issue_token = true") + transfer("%a", 64, "in1", 0) +
         "aiex.npu.dma_wait {symbol = @in0} aiex.npu.dma_wait {symbol = @out0} "
         "aiex.npu.dma_wait {symbol = @out1} }";
}

/// Returns a packet flow for the tokens of a tile.
std::string token_flow(const std::string& tile, int id) {
  return "aie.packet_flow(" + std::to_string(id) + ") {\naie.packet_source<" + tile +
         ", TileControl : 0>\naie.packet_dest<%shim, South : 0>\n} {keep_pkt_header = true}\n";
}

/// Returns a design that fills a buffer of `tile`, waits for the token of this transfer, and sends
/// the buffer back. `flows` are the flows of tokens.
std::string through(const std::string& tile, const std::string& flows) {
  return "%shim = aie.tile(0, 0)\n%tile = aie.tile(" + tile + ")\n" + flows + R"(
    %held = aie.buffer(%tile) {sym_name = "held"} : memref<32xi32>
    aie.flow(%shim, DMA : 0, %tile, DMA : 0)
    aie.flow(%tile, DMA : 0, %shim, DMA : 0)
    aie.runtime_sequence(%a : memref<32xi32>, %b : memref<32xi32>) {
      %send = aiex.dma_configure_task(%shim, MM2S, 0) {
        aie.dma_bd(%a : memref<32xi32>, 0, 32) {bd_id = 0 : i32}
        aie.end
      }
      %fill = aiex.dma_configure_task(%tile, S2MM, 0) {
        aie.dma_bd(%held : memref<32xi32>, 0, 32) {bd_id = 0 : i32}
        aie.end
      } {issue_token = true}
      %play = aiex.dma_configure_task(%tile, MM2S, 0) {
        aie.dma_bd(%held : memref<32xi32>, 0, 32) {bd_id = 1 : i32}
        aie.end
      }
      %take = aiex.dma_configure_task(%shim, S2MM, 0) {
        aie.dma_bd(%b : memref<32xi32>, 0, 32) {bd_id = 1 : i32}
        aie.end
      } {issue_token = true}
      aiex.dma_start_task(%send)
      aiex.dma_start_task(%fill)
      aiex.dma_await_task(%fill)
      aiex.dma_start_task(%play)
      aiex.dma_start_task(%take)
      aiex.dma_await_task(%take)
    })";
}

const std::vector<Words> kBuffers = {counting(64), Words(64), Words(64)};

/// Returns the positions of the writes of controller ids.
std::vector<std::size_t> id_writes(const Stream& stream) {
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < stream.size(); ++i) {
    if (std::holds_alternative<npu::MaskWrite>(stream[i])) found.push_back(i);
  }
  return found;
}

std::size_t syncs(const Stream& stream) {
  std::size_t n = 0;
  for (const npu::Instruction& instruction : stream) {
    n += std::holds_alternative<npu::Sync>(instruction) ? 1 : 0;
  }
  return n;
}

Stream without(Stream stream, std::size_t position) {
  stream.erase(stream.begin() + static_cast<std::ptrdiff_t>(position));
  return stream;
}

Stream with_other_id(Stream stream, std::size_t position) {
  std::get<npu::MaskWrite>(stream[position]).value ^= 0x100;
  return stream;
}

void expect_hung(const RunOutcome& outcome, const std::string& reason) {
  EXPECT_EQ(outcome.state, RunState::Hung);
  EXPECT_NE(outcome.message.find(reason), std::string::npos) << outcome.message;
}

TEST_P(TokenDesign, EachSyncNeedsTheWriteOfItsControllerId) {
  for (const std::string& body :
       {two_columns(), through("0, 1", token_flow("%tile", 26)),
        through("0, 3", token_flow("%tile", 29)), through("2, 4", token_flow("%tile", 30))}) {
    const Stream stream = instructions(body);
    EXPECT_EQ(run_stream(body, stream, kBuffers).state, RunState::Completed);
    const std::vector<std::size_t> writes = id_writes(stream);
    EXPECT_EQ(writes.size(), syncs(stream));
    for (const std::size_t write : writes) {
      expect_hung(run_stream(body, without(stream, write), kBuffers),
                  "it has controller id 0 (the id of a channel to which no id was written)");
      expect_hung(run_stream(body, with_other_id(stream, write), kBuffers),
                  ", and the routes for tokens of tile");
    }
  }
}

TEST_P(TokenDesign, EachSyncNeedsARouteForTheIdOfItsTile) {
  const Stream stream = instructions(two_columns());
  const std::string other =
      two_columns("{controller_id = #aie.packet_info<pkt_type = 0, pkt_id = 3>}");
  expect_hung(run_stream(other, stream, kBuffers),
              "it has controller id 15, and the routes for tokens of tile (0, 0) take id 3");
  EXPECT_EQ(run_stream(other, instructions(other), kBuffers).state, RunState::Completed);
}

TEST_P(TokenDesign, MemoryTilesAndCoresNeedARouteOfTheText) {
  for (const auto& [tile, id] : {std::pair{"0, 1", 26}, std::pair{"0, 3", 29}}) {
    const std::string bare = through(tile, "");
    const std::string where = "its token never arrives: tile (" + std::string(tile) + ")";
    expect_hung(run_stream(bare, instructions(bare), kBuffers), where + " has no route for tokens");
    const std::string wrong = through(tile, token_flow("%tile", id + 1));
    expect_hung(run_stream(wrong, instructions(wrong), kBuffers),
                "it has controller id " + std::to_string(id));
    const std::string right = through(tile, token_flow("%tile", id));
    EXPECT_EQ(run_stream(right, instructions(right), kBuffers).state, RunState::Completed);
  }
}

}  // namespace
}  // namespace npuwhisper::emu::test
