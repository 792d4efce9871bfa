// SPDX-License-Identifier: LGPL-2.1-or-later
// Compares the lowering with the output of mlir-aie's compiler aiecc for four designs of other
// projects. The texts of the designs were written for these tests. The expected numbers are facts
// from published output of aiecc: three designs for npu1 from Unicorn-Amanuensis (2025), and
// mlir-aie's example of a matrix times a vector (2024). The cores have no instructions here,
// because the instructions affect neither streams nor DMA.
#include <algorithm>
#include <sstream>

#include <gtest/gtest.h>

#include "array/transaction.h"
#include "lowering.h"

namespace npuwhisper::emu {
namespace {

using npu::TileId;
using test::chain;
using test::device;

using Lines = std::vector<std::string>;

std::string number(int value) {
  return std::to_string(value);
}

std::string text_of(const npu::BlockWrite& block) {
  std::ostringstream text;
  text << "block " << block.address << ':';
  for (const std::uint32_t value : block.values) text << ' ' << static_cast<std::int32_t>(value);
  return text.str();
}

/// Returns an instruction as a line. Numbers are decimal, as in aiecc's files.
std::string text_of(const npu::Instruction& instruction) {
  std::ostringstream text;
  if (const auto* block = std::get_if<npu::BlockWrite>(&instruction)) return text_of(*block);
  if (const auto* patch = std::get_if<npu::PatchAddress>(&instruction)) {
    text << "patch " << patch->address << ": argument " << patch->argument << " + "
         << patch->offset;
  } else if (const auto* write = std::get_if<npu::Write32>(&instruction)) {
    text << "write " << write->address << ": " << write->value;
  } else if (const auto* masked = std::get_if<npu::MaskWrite>(&instruction)) {
    text << "write " << masked->address << ": " << masked->value << " under " << masked->mask;
  } else if (const auto* sync = std::get_if<npu::Sync>(&instruction)) {
    text << "sync " << sync->tile.column << ", " << sync->tile.row
         << (sync->mm2s ? " MM2S " : " S2MM ") << sync->channel << ", " << sync->n_columns << " x "
         << sync->n_rows;
  } else {
    text << "instruction of kind " << instruction.index();
  }
  return text.str();
}

Lines stream_of(const Design& design) {
  Lines lines;
  if (design.sequences.size() != 1) return lines;
  const auto instructions = npu::decode(design.sequences[0].instructions);
  EXPECT_TRUE(instructions);
  if (!instructions) return lines;
  for (const npu::Instruction& instruction : *instructions) lines.push_back(text_of(instruction));
  return lines;
}

std::string text_of(const Port& port) {
  constexpr const char* kNames[] = {"DMA",  "Core",    "Trace", "TileControl",
                                    "FIFO", "Cascade", "South"};
  return number(port.tile.column) + ',' + number(port.tile.row) + ' ' +
         kNames[static_cast<std::size_t>(port.kind)] + ' ' + number(port.channel);
}

/// Returns all routes as sorted lines, such as "0,0 DMA 0 -> 0,2 DMA 0" or "... (packet 15)".
Lines routes_of(const Design& design) {
  Lines lines;
  for (const Route& route : design.routes) {
    for (const Port& destination : route.destinations) {
      lines.push_back(text_of(route.source) + " -> " + text_of(destination) +
                      (route.packet_id ? " (packet " + number(*route.packet_id) + ")" : ""));
    }
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

/// Returns the descriptors of a channel as lines: "id: lock acquired >= 1, words at address, lock
/// released + 1, next id". Addresses and locks are those of the tile itself.
Lines descriptors_of(const Design& design, TileId tile, bool mm2s, int channel) {
  const std::uint32_t locks = tile.row == 1 ? 64 : 0;
  const std::uint64_t memory = tile.row == 1 ? 0x80000 : 0;
  const DmaChannel* found = test::find_channel(design, tile, mm2s, channel);
  if (found == nullptr || found->starts.empty()) return {"no task"};
  Lines lines;
  int id = found->starts[0].first_descriptor;
  for (const npu::BufferDescriptor& d : chain(design, tile, mm2s, channel)) {
    std::ostringstream text;
    text << id << ": " << d.acquire_lock - locks << " >= " << -d.acquire_value << ", " << d.length
         << " at " << d.address - memory << ", " << d.release_lock - locks << " + "
         << d.release_value << ", next " << d.next;
    lines.push_back(text.str());
    id = static_cast<int>(d.next);
  }
  return lines;
}

/// Lowers a device of npu1 with aiecc's basic-sequential allocation, which the designs' authors
/// selected.
Design lowered(const std::string& body) {
  auto design = lower(device(body), {.allocation_scheme = "basic-sequential"});
  EXPECT_TRUE(design) << design.error().message;
  return design ? std::move(*design) : Design{};
}

std::string tile(int column, int row) {
  const std::string place = number(column) + ", " + number(row);
  return "%t" + number(column) + number(row) + " = aie.tile(" + place + ")\n";
}

/// Returns a core without instructions. It reserves its stack.
std::string core(int column, int row, int stack_bytes = 1024) {
  return "aie.core(%t" + number(column) + number(row) +
         ") {\naie.end\n} {stack_size = " + number(stack_bytes) + " : i32}\n";
}

std::string fifo(const std::string& name, const std::string& from, const std::string& to,
                 const std::string& type) {
  return "aie.objectfifo @" + name + "(%t" + from + ", {%t" + to +
         "}, 2 : i32) : !aie.objectfifo<memref<" + type + ">>\n";
}

std::string memcpy_nd(const std::string& memory, const std::string& type, const std::string& walk,
                      const std::string& fifo, int id) {
  return "aiex.npu.dma_memcpy_nd(" + memory + walk + ") {id = " + number(id) +
         " : i64, metadata = @" + fifo + "} : memref<" + type + ">\n";
}

std::string wait_for(const std::string& fifo) {
  return "aiex.npu.dma_wait {symbol = @" + fifo + "}\n";
}

// The design computes log-mel of one frame (build_fixed_v3), on one core with one FIFO in each
// direction. The aiecc of 2025 did not align buffers. Later versions align them to 32 bytes, so the
// second output buffer is at 2720 here instead of 2704.
TEST(AieccOutput, LogMelOfUnicorn) {
  const Design design =
      lowered(tile(0, 0) + tile(0, 2) + fifo("in", "00", "02", "800xi8") +
              fifo("out", "02", "00", "80xi8") + core(0, 2) +
              "aie.runtime_sequence(%a : memref<800xi8>, %b : memref<80xi8>) {\n" +
              memcpy_nd("%a", "800xi8", "[0, 0, 0, 0][1, 1, 1, 800][0, 0, 0, 1]", "in", 1) +
              memcpy_nd("%b", "80xi8", "[0, 0, 0, 0][1, 1, 1, 80][0, 0, 0, 1]", "out", 0) +
              wait_for("out") + "}\n");
  EXPECT_EQ(stream_of(design),
            (Lines{"block 118816: 200 0 0 0 -2147483648 33554432 0 33554432",
                   "patch 118820: argument 0 + 0", "write 119316: 1",
                   "block 118784: 20 0 0 0 -2147483648 33554432 0 33554432",
                   "patch 118788: argument 1 + 0", "write 119296: 3840 under 7936",
                   "write 119300: 2147483648", "sync 0, 0 S2MM 0, 1 x 1"}));
  EXPECT_EQ(routes_of(design),
            (Lines{"0,0 DMA 0 -> 0,2 DMA 0", "0,0 TileControl 0 -> 0,0 South 0 (packet 15)",
                   "0,2 DMA 0 -> 0,0 DMA 0"}));
  EXPECT_EQ(
      descriptors_of(design, {0, 2}, false, 0),
      (Lines{"0: 0 >= 1, 200 at 1024, 1 + 1, next 1", "1: 0 >= 1, 200 at 1824, 1 + 1, next 0"}));
  EXPECT_EQ(
      descriptors_of(design, {0, 2}, true, 0),
      (Lines{"2: 3 >= 1, 20 at 2624, 2 + 1, next 3", "3: 3 >= 1, 20 at 2720, 2 + 1, next 2"}));
}

// The design computes softmax on four cores (softmax_multicolumn_combined). It uses two shims with
// two channels in each direction, and waits for four tokens.
TEST(AieccOutput, SoftmaxOfUnicorn) {
  std::string text;
  for (const int column : {0, 1}) text += tile(column, 0) + tile(column, 2) + tile(column, 3);
  std::string sends;
  std::string receives;
  std::string waits;
  for (const int column : {0, 1}) {
    for (const bool to_core : {true, false}) {
      for (const int row : {2, 3}) {
        const std::string at = number(2 * column + row - 2);
        const std::string of_core = number(column) + number(row);
        const std::string shim = number(column) + "0";
        text += to_core ? fifo("in" + at, shim, of_core, "2048xi8")
                        : fifo("out" + at, of_core, shim, "2048xi8");
      }
    }
  }
  for (int i = 0; i < 4; ++i) {
    const std::string walk = "[0, 0, 0, " + number(2048 * i) + "][1, 1, 1, 2048][0, 0, 0, 1]";
    sends += memcpy_nd("%a", "8192xi8", walk, "in" + number(i), i);
    receives += memcpy_nd("%b", "8192xi8", walk, "out" + number(i), 4 + i);
    waits += wait_for("out" + number(i));
    text += core(i / 2, 2 + i % 2);
  }
  const Design design =
      lowered(text + "aie.runtime_sequence(%a : memref<8192xi8>, %b : memref<8192xi8>) {\n" +
              sends + receives + waits + "}\n");
  const std::string words = ": 512 0 0 0 -2147483648 33554432 0 33554432";
  EXPECT_EQ(stream_of(design), (Lines{"block 118784" + words,
                                      "patch 118788: argument 0 + 0",
                                      "write 119316: 0",
                                      "block 118816" + words,
                                      "patch 118820: argument 0 + 2048",
                                      "write 119324: 1",
                                      "block 33673280" + words,
                                      "patch 33673284: argument 0 + 4096",
                                      "write 33673748: 2",
                                      "block 33673312" + words,
                                      "patch 33673316: argument 0 + 6144",
                                      "write 33673756: 3",
                                      "block 118912" + words,
                                      "patch 118916: argument 1 + 0",
                                      "write 119296: 3840 under 7936",
                                      "write 119300: 2147483652",
                                      "block 118944" + words,
                                      "patch 118948: argument 1 + 2048",
                                      "write 119304: 3840 under 7936",
                                      "write 119308: 2147483653",
                                      "block 33673408" + words,
                                      "patch 33673412: argument 1 + 4096",
                                      "write 33673728: 3840 under 7936",
                                      "write 33673732: 2147483654",
                                      "block 33673440" + words,
                                      "patch 33673444: argument 1 + 6144",
                                      "write 33673736: 3840 under 7936",
                                      "write 33673740: 2147483655",
                                      "sync 0, 0 S2MM 0, 1 x 1",
                                      "sync 0, 0 S2MM 1, 1 x 1",
                                      "sync 1, 0 S2MM 0, 1 x 1",
                                      "sync 1, 0 S2MM 1, 1 x 1"}));
  EXPECT_EQ(routes_of(design),
            (Lines{"0,0 DMA 0 -> 0,2 DMA 0", "0,0 DMA 1 -> 0,3 DMA 0",
                   "0,0 TileControl 0 -> 0,0 South 0 (packet 15)", "0,2 DMA 0 -> 0,0 DMA 0",
                   "0,3 DMA 0 -> 0,0 DMA 1", "1,0 DMA 0 -> 1,2 DMA 0", "1,0 DMA 1 -> 1,3 DMA 0",
                   "1,0 TileControl 0 -> 1,0 South 0 (packet 15)", "1,2 DMA 0 -> 1,0 DMA 0",
                   "1,3 DMA 0 -> 1,0 DMA 1"}));
  for (const TileId at : {TileId{0, 2}, TileId{0, 3}, TileId{1, 2}, TileId{1, 3}}) {
    EXPECT_EQ(
        descriptors_of(design, at, false, 0),
        (Lines{"0: 0 >= 1, 512 at 5120, 1 + 1, next 1", "1: 0 >= 1, 512 at 7168, 1 + 1, next 0"}));
    EXPECT_EQ(
        descriptors_of(design, at, true, 0),
        (Lines{"2: 3 >= 1, 512 at 1024, 2 + 1, next 3", "3: 3 >= 1, 512 at 3072, 2 + 1, next 2"}));
  }
}

// The design computes attention on four cores, one in each column, and uses tasks
// (attention_iron_generated).
TEST(AieccOutput, AttentionOfUnicorn) {
  std::string text;
  for (int c = 0; c < 4; ++c) text += tile(c, 2);
  for (int c = 0; c < 4; ++c) text += tile(c, 0);
  for (int c = 0; c < 4; ++c) {
    text += fifo("in" + number(c), number(c) + "0", number(c) + "2", "12288xi8");
  }
  for (int c = 0; c < 4; ++c) {
    text +=
        fifo("out" + number(c), number(c) + "2", number(c) + "0", "4096xi8") + core(c, 2, 16384);
  }
  const auto task = [](const std::string& direction, int column, int n, const std::string& rest) {
    const std::string at = number(column);
    return "%" + direction + at + " = aiex.dma_configure_task_for @" + direction + at +
           " {\naie.dma_bd(%" + direction + "_memory" + at + " : memref<" + number(n) +
           "xi8>, 0, " + number(n) + ")\naie.end\n}" + rest + "\n";
  };
  std::string arguments;
  std::string configures[2];
  std::string starts[2];
  std::string awaits;
  for (int c = 0; c < 4; ++c) {
    configures[0] += task("in", c, 12288, "");
    configures[1] += task("out", c, 4096, " {issue_token = true}");
    starts[0] += "aiex.dma_start_task(%in" + number(c) + ")\n";
    starts[1] += "aiex.dma_start_task(%out" + number(c) + ")\n";
    awaits += "aiex.dma_await_task(%out" + number(c) + ")\n";
    arguments += "%in_memory" + number(c) + " : memref<12288xi8>, ";
  }
  for (int c = 0; c < 4; ++c) {
    arguments += "%out_memory" + number(c) + " : memref<4096xi8>" + (c < 3 ? ", " : "");
  }
  const Design design =
      lowered(text + "aie.runtime_sequence(" + arguments + ") {\n" + configures[0] + configures[1] +
              starts[0] + starts[1] + awaits + "}\n");
  const std::string in = ": 3072 0 0 0 -2147483648 33554432 0 33554432";
  const std::string out = ": 1024 0 0 0 -2147483648 33554432 0 33554432";
  EXPECT_EQ(stream_of(design), (Lines{"block 118784" + in,
                                      "patch 118788: argument 0 + 0",
                                      "block 33673216" + in,
                                      "patch 33673220: argument 1 + 0",
                                      "block 67227648" + in,
                                      "patch 67227652: argument 2 + 0",
                                      "block 100782080" + in,
                                      "patch 100782084: argument 3 + 0",
                                      "block 118816" + out,
                                      "patch 118820: argument 4 + 0",
                                      "block 33673248" + out,
                                      "patch 33673252: argument 5 + 0",
                                      "block 67227680" + out,
                                      "patch 67227684: argument 6 + 0",
                                      "block 100782112" + out,
                                      "patch 100782116: argument 7 + 0",
                                      "write 119316: 0",
                                      "write 33673748: 0",
                                      "write 67228180: 0",
                                      "write 100782612: 0",
                                      "write 119296: 3840 under 7936",
                                      "write 119300: 2147483649",
                                      "write 33673728: 3840 under 7936",
                                      "write 33673732: 2147483649",
                                      "write 67228160: 3840 under 7936",
                                      "write 67228164: 2147483649",
                                      "write 100782592: 3840 under 7936",
                                      "write 100782596: 2147483649",
                                      "sync 0, 0 S2MM 0, 1 x 1",
                                      "sync 1, 0 S2MM 0, 1 x 1",
                                      "sync 2, 0 S2MM 0, 1 x 1",
                                      "sync 3, 0 S2MM 0, 1 x 1"}));
  EXPECT_EQ(routes_of(design).size(), 12U);
  for (int c = 0; c < 4; ++c) {
    EXPECT_EQ(descriptors_of(design, {c, 2}, false, 0),
              (Lines{"0: 0 >= 1, 3072 at 16384, 1 + 1, next 1",
                     "1: 0 >= 1, 3072 at 28672, 1 + 1, next 0"}));
    EXPECT_EQ(descriptors_of(design, {c, 2}, true, 0),
              (Lines{"2: 3 >= 1, 1024 at 40960, 2 + 1, next 3",
                     "3: 3 >= 1, 1024 at 45056, 2 + 1, next 2"}));
  }
}

// The design multiplies a matrix of 288 x 288 by a vector. It has a link through a memory tile, and
// a transfer with three dimensions and an iteration. The aiecc of 2024 differs in two fields from
// later versions: it wrote the controller id under the mask 0xf00, and set no AXCACHE in the
// descriptors. Here the expected words have the later mask and AXCACHE (33554432 in the sixth
// word).
TEST(AieccOutput, MatrixTimesVectorOfMlirAie) {
  std::string text;
  for (int c = 0; c < 4; ++c) text += tile(c, 0);
  const Design design = lowered(
      text + tile(0, 1) + tile(0, 2) + fifo("mem_a", "00", "01", "1024xi16") +
      fifo("in_a", "01", "02", "32x32xi16") + "aie.objectfifo.link [@mem_a] -> [@in_a] ([] [])\n" +
      fifo("out_c", "02", "00", "32xi32") + fifo("in_b", "00", "02", "32xi16") + core(0, 2) +
      "aie.runtime_sequence(%a : memref<82944xi16>, %b : memref<288xi16>, %c : memref<288xi32>) "
      "{\n" +
      memcpy_nd("%b", "288xi16", "[0, 0, 0, 0][9, 1, 1, 288][0, 0, 0, 1]", "in_b", 2) +
      memcpy_nd("%a", "82944xi16", "[0, 0, 0, 0][9, 9, 32, 32][9216, 32, 288, 1]", "mem_a", 1) +
      memcpy_nd("%c", "288xi32", "[0, 0, 0, 0][1, 1, 1, 288][0, 0, 0, 1]", "out_c", 0) +
      wait_for("out_c") + "}\n");
  EXPECT_EQ(stream_of(design),
            (Lines{"block 118848: 144 0 0 0 -2147483648 33554432 0 33554432",
                   "patch 118852: argument 1 + 0", "write 119324: 524290",
                   "block 118816: 4608 0 0 16777216 -2113929073 33554447 8393215 33554432",
                   "patch 118820: argument 0 + 0", "write 119316: 524289",
                   "block 118784: 288 0 0 0 -2147483648 33554432 0 33554432",
                   "patch 118788: argument 2 + 0", "write 119296: 3840 under 7936",
                   "write 119300: 2147483648", "sync 0, 0 S2MM 0, 1 x 1"}));
  EXPECT_EQ(routes_of(design),
            (Lines{"0,0 DMA 0 -> 0,1 DMA 0", "0,0 DMA 1 -> 0,2 DMA 1",
                   "0,0 TileControl 0 -> 0,0 South 0 (packet 15)", "0,1 DMA 0 -> 0,2 DMA 0",
                   "0,2 DMA 0 -> 0,0 DMA 0", "1,0 TileControl 0 -> 1,0 South 0 (packet 15)",
                   "2,0 TileControl 0 -> 2,0 South 0 (packet 15)",
                   "3,0 TileControl 0 -> 3,0 South 0 (packet 15)"}));
  EXPECT_EQ(descriptors_of(design, {0, 1}, false, 0),
            (Lines{"0: 0 >= 1, 512 at 0, 1 + 1, next 1", "1: 0 >= 1, 512 at 2048, 1 + 1, next 0"}));
  EXPECT_EQ(descriptors_of(design, {0, 1}, true, 0),
            (Lines{"2: 1 >= 1, 512 at 0, 0 + 1, next 3", "3: 1 >= 1, 512 at 2048, 0 + 1, next 2"}));
  EXPECT_EQ(
      descriptors_of(design, {0, 2}, false, 0),
      (Lines{"0: 0 >= 1, 512 at 1024, 1 + 1, next 1", "1: 0 >= 1, 512 at 3072, 1 + 1, next 0"}));
  EXPECT_EQ(
      descriptors_of(design, {0, 2}, true, 0),
      (Lines{"2: 3 >= 1, 32 at 5120, 2 + 1, next 3", "3: 3 >= 1, 32 at 5248, 2 + 1, next 2"}));
  EXPECT_EQ(
      descriptors_of(design, {0, 2}, false, 1),
      (Lines{"4: 4 >= 1, 16 at 5376, 5 + 1, next 5", "5: 4 >= 1, 16 at 5440, 5 + 1, next 4"}));
}

}  // namespace
}  // namespace npuwhisper::emu
