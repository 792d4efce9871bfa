// SPDX-License-Identifier: LGPL-2.1-or-later
#include "array/transaction.h"

#include <string>

#include <gtest/gtest.h>

#include "array/buffer_descriptor.h"

namespace npuwhisper::npu {
namespace {

using Words = std::vector<std::uint32_t>;

const ArrayModel& npu1() {
  return **find_array("npu1");
}
const ArrayModel& npu2() {
  return **find_array("npu2");
}

// The words that aiecc generates for write, block write, mask write, sync, PDI load, preemption,
// no-op and address patch. The values are taken from mlir-aie's tests for its NPU target.
const Words kAieccStream{0x06030100, 0x00000104, 9,          0,  // header
                         0x00000000, 0x00000000, 0x06400DEF, 0x00000000, 0x00000042, 0x18,  // write
                         0x00000001, 0x00000000, 0x12345679, 0x30,       100,        101,
                         102,        103,                                                  // block
                         104,        105,        106,        107,                          //
                         0x00000001, 0x00000101, 0x02100064, 0x18,       100,        101,  // block
                         0x00000003, 0x00000000, 0x0430567A, 0x00000000, 0x00001001, 0xF00FF00F,
                         0x1C,                                            // mask write
                         0x00000080, 0x00000010, 0x00030401, 0x05010200,  // sync
                         0x00020008, 0x00000400, 0x12345678, 0x00000ABC,  // PDI
                         0x00000306,                                      // preempt
                         0x00000005,                                      // no-op
                         0x00000081, 0x00000030, 0,          0,          0,          0,
                         0x0001D004, 0,          2,          0,          0x00001000, 1};

Words sized(Words words) {
  words[3] = static_cast<std::uint32_t>(words.size() * 4);
  return words;
}

template <typename T>
const T& as(const Instruction& instruction) {
  return std::get<T>(instruction);
}

TEST(Transaction, ReadsAStreamOfAiecc) {
  const auto decoded = decode(sized(kAieccStream));
  ASSERT_TRUE(decoded) << decoded.error().message;
  const auto& ops = *decoded;
  ASSERT_EQ(ops.size(), 9U);
  EXPECT_EQ(as<Write32>(ops[0]).address, 0x06400DEFU);
  EXPECT_EQ(as<Write32>(ops[0]).value, 0x42U);
  EXPECT_EQ(as<BlockWrite>(ops[1]).address, 0x12345679U);
  EXPECT_EQ(as<BlockWrite>(ops[1]).values, (Words{100, 101, 102, 103, 104, 105, 106, 107}));
  EXPECT_EQ(as<BlockWrite>(ops[2]).values, (Words{100, 101}));
  EXPECT_EQ(as<MaskWrite>(ops[3]).value, 0x1001U);
  EXPECT_EQ(as<MaskWrite>(ops[3]).mask, 0xF00FF00FU);
  const Sync& sync = as<Sync>(ops[4]);
  EXPECT_EQ(sync.tile, (TileId{3, 4}));
  EXPECT_TRUE(sync.mm2s);
  EXPECT_EQ(sync.channel, 5);
  EXPECT_EQ(sync.n_columns, 1);
  EXPECT_EQ(sync.n_rows, 2);
  EXPECT_EQ(as<LoadPdi>(ops[5]).id, 2U);
  EXPECT_EQ(as<LoadPdi>(ops[5]).bytes, 1024U);
  EXPECT_EQ(as<LoadPdi>(ops[5]).pdi_address, 0xABC12345678ULL);
  EXPECT_EQ(as<Preempt>(ops[6]).level, 3U);
  EXPECT_TRUE(std::holds_alternative<Noop>(ops[7]));
  const PatchAddress& patch = as<PatchAddress>(ops[8]);
  EXPECT_EQ(patch.address, 0x1D004U);
  EXPECT_EQ(patch.argument, 2);
  EXPECT_EQ(patch.offset, 0x100001000ULL);
}

TEST(Transaction, WritesWhatAieccWrites) {
  const auto decoded = decode(sized(kAieccStream));
  ASSERT_TRUE(decoded);
  const Words again = encode(*decoded, npu1(), 4);
  Words expected = sized(kAieccStream);
  // aiecc's first block write names no tile. encode() always names the tile, like aiecc's second
  // block write.
  expected[11] = 0x12345679U >> 25 | (0x12345679U >> 20 & 0x1f) << 8;
  EXPECT_EQ(again, expected);
}

TEST(Transaction, HeaderNamesTheArray) {
  EXPECT_EQ(encode({}, npu1(), 1), (Words{0x06030100, 0x00000101, 0, 16}));
  EXPECT_EQ(encode({}, npu2(), 8), (Words{0x06040100, 0x00000108, 0, 16}));
}

TEST(Transaction, ReadsTheShortForm) {
  const Words words = sized({0x06030001, 0x00000104, 6,          0,              //
                             0,          0x06400DEF, 0x42,                       // write
                             1,          0x0201D000, 20,         7,          8,  // block write
                             3,          0x0430567A, 0x1001,     0xF00FF00F,     // mask write
                             4,          0x0430567A, 0x1,        0x3,            // mask poll
                             0x80,       16,         0x00030401, 0x05010200,     // sync
                             0x81,       24,         0x0001D004, 3,          64, 0});
  const auto ops = decode(words);
  ASSERT_TRUE(ops) << ops.error().message;
  ASSERT_EQ(ops->size(), 6U);
  EXPECT_EQ(as<Write32>((*ops)[0]).value, 0x42U);
  EXPECT_EQ(as<BlockWrite>((*ops)[1]).values, (Words{7, 8}));
  EXPECT_EQ(as<MaskWrite>((*ops)[2]).mask, 0xF00FF00FU);
  EXPECT_EQ(as<MaskPoll>((*ops)[3]).mask, 3U);
  EXPECT_EQ(as<Sync>((*ops)[4]).channel, 5);
  EXPECT_EQ(as<PatchAddress>((*ops)[5]).argument, 3);
  EXPECT_EQ(as<PatchAddress>((*ops)[5]).offset, 64U);
}

TEST(Transaction, AcceptsTheTileBesideTheCodeAsAieRtWritesIt) {
  Words words = sized({0x06030100, 0x00000104, 1, 0, 0x00040300, 0, 0x06400DEF, 0, 0x42, 24});
  ASSERT_TRUE(decode(words));
  words[4] = 0x00040200;  // The tile does not match the address.
  const auto ops = decode(words);
  ASSERT_FALSE(ops);
  EXPECT_NE(ops.error().message.find("word 4"), std::string::npos) << ops.error().message;
}

TEST(Transaction, AcceptsTheMaskPollOfAieRtWithItsPadding) {
  const Words words =
      sized({0x06030100, 0x00000104, 2, 0, 4, 0, 0x1D000, 0, 1, 3, 32, 0, 0x00000005});
  const auto ops = decode(words);
  ASSERT_TRUE(ops) << ops.error().message;
  EXPECT_EQ(as<MaskPoll>((*ops)[0]).value, 1U);
  EXPECT_TRUE(std::holds_alternative<Noop>((*ops)[1]));
}

TEST(Transaction, EverythingGoesAround) {
  const std::vector<Instruction> ops{
      Write32{tile_address({7, 5}, 0x1de14), 0xffffffff},
      BlockWrite{tile_address({7, 1}, 0xa05e0), Words(8, 0xdeadbeef)},
      MaskWrite{tile_address({0, 0}, 0x14000), 5, 0xff},
      MaskPoll{tile_address({1, 2}, 0x1f000), 5, 0xff},
      Sync{{7, 0}, false, 1, 1, 8},
      PatchAddress{tile_address({3, 0}, 0x1d1e4), 4, 0x1'0000'0000},
      LoadPdi{1, 2, 0x3'0000'0004},
      Noop{},
      Preempt{2}};
  const Words words = encode(ops, npu2(), 8);
  const auto back = decode(words);
  ASSERT_TRUE(back) << back.error().message;
  ASSERT_EQ(back->size(), ops.size());
  EXPECT_EQ(encode(*back, npu2(), 8), words);
  EXPECT_EQ(as<MaskPoll>((*back)[3]).value, 5U);
  EXPECT_EQ(as<Sync>((*back)[4]).n_columns, 8);
  EXPECT_EQ(as<PatchAddress>((*back)[5]).offset, 0x1'0000'0000ULL);
}

TEST(Transaction, EveryTruncationIsRefused) {
  const Words whole = sized(kAieccStream);
  for (std::size_t n = 0; n < whole.size(); ++n) {
    Words words(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(n));
    if (n > 3) words = sized(words);
    const auto ops = decode(words);
    ASSERT_FALSE(ops) << n;
    EXPECT_EQ(ops.error().code, ErrorCode::InvalidArgument);
  }
}

TEST(Transaction, RefusesWhatDoesNotFitWithItsPlace) {
  const auto refusal = [](std::size_t index, std::uint32_t value) {
    Words words = sized(kAieccStream);
    words[index] = value;
    const auto ops = decode(words);
    EXPECT_FALSE(ops) << "word " << index << " = " << value;
    return ops ? std::string() : ops.error().message;
  };
  EXPECT_NE(refusal(0, 0x06030200).find("version"), std::string::npos);
  EXPECT_NE(refusal(0, 0x06070100).find("generation 7"), std::string::npos);
  EXPECT_NE(refusal(0, 0x05030100).find("5 rows"), std::string::npos);
  EXPECT_NE(refusal(1, 0x00000100).find("0 columns"), std::string::npos);
  EXPECT_NE(refusal(1, 0x00000204).find("memory tiles"), std::string::npos);
  EXPECT_NE(refusal(2, 8).find("after the last"), std::string::npos);
  EXPECT_NE(refusal(2, 0x7fffffff).find("operations"), std::string::npos);
  EXPECT_NE(refusal(3, 12).find("size"), std::string::npos);
  // Word 7 is the upper half of an address.
  EXPECT_NE(refusal(7, 1).find("word 7"), std::string::npos);
  EXPECT_NE(refusal(9, 20).find("word 9"), std::string::npos);  // Word 9 is the size of a write.
  EXPECT_NE(refusal(13, 0xfffffff0).find("word 13"), std::string::npos);
  EXPECT_NE(refusal(13, 16).find("word 13"), std::string::npos);
}

// The addresses, values and masks are those of mlir-aie's streams: the shim's write is part of the
// output of its AIEDmaToNpu, and the writes of the other tiles are part of its hardware tests.
TEST(ControllerId, IsWrittenUnderItsMask) {
  const MaskWrite shim = controller_id_write({0, 0}, TileKind::Shim, false, 0, 15);
  EXPECT_EQ(shim.address, 0x1d200U);
  EXPECT_EQ(shim.value, 0xf00U);
  EXPECT_EQ(shim.mask, 0x1f00U);
  const MaskWrite core = controller_id_write({0, 2}, TileKind::Core, false, 0, 1);
  EXPECT_EQ(core.address, 0x21de00U);
  EXPECT_EQ(core.value, 0x100U);
  const MaskWrite mem = controller_id_write({1, 1}, TileKind::Mem, true, 5, 26);
  EXPECT_EQ(mem.address, 0x2100000U + 0xa0658U);
  EXPECT_EQ(mem.value, 0x1a00U);
}

TEST(Transaction, RefusesAnUnknownOperationByItsCode) {
  const auto ops = decode(sized({0x06030100, 0x00000104, 1, 0, 0x00000082, 8}));
  ASSERT_FALSE(ops);
  EXPECT_EQ(ops.error().code, ErrorCode::Unsupported);
  EXPECT_NE(ops.error().message.find("0x00000082"), std::string::npos) << ops.error().message;
  EXPECT_NE(ops.error().message.find("word 4"), std::string::npos);
}

}  // namespace
}  // namespace npuwhisper::npu
