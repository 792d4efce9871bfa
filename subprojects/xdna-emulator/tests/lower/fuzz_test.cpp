// SPDX-License-Identifier: LGPL-2.1-or-later
// Lowers corrupted texts. Each text is refused with a message, or is lowered to a design that
// refers only to parts that exist. A build with sanitizers detects more faults.
#include <array>
#include <random>

#include <gtest/gtest.h>

#include "array/transaction.h"
#include "lowering.h"
#include "whole_texts.h"

namespace npuwhisper::emu {
namespace {

constexpr int kMutationsPerText = 1500;

/// Corrupts a text in one to three places. Changes bytes, spans, words and, most often, numbers. A
/// text with another number often still parses, so it exercises more of the code.
class Mutator {
 public:
  explicit Mutator(unsigned seed) : random_(seed) {}

  std::string operator()(std::string text) {
    const std::size_t n = below(3) == 0 ? 1 + below(3) : 1;
    for (std::size_t i = 0; i < n && !text.empty(); ++i) {
      mutate(text);
    }
    return text;
  }

 private:
  std::size_t below(std::size_t n) {
    return std::uniform_int_distribution<std::size_t>(0, n - 1)(random_);
  }
  template <std::size_t N>
  const char* any(const std::array<const char*, N>& of) {
    return of[below(N)];
  }

  void mutate(std::string& text) {
    static constexpr std::array kTokens = {
        "{",  "}",    "[",   "]", "(", ")",   "<",  ">",       "\"",  "dense<0>",
        "%0", "%c2",  "@in", ",", ":", "?",   "i7", "f32",     "^in", "memref<1xi32>",
        "->", "\\\"", "1e9", "*", "=", "i64", "0x", "Produce", "//",  "memref<4294967296x8xi8>"};
    static constexpr std::array kNumbers = {
        "0",  "1",    "2",          "3",          "4",  "5",   "7",  "8",
        "-1", "16",   "31",         "63",         "64", "255", "10", "-2147483649",
        "77", "1024", "2147483647", "4294967296", "6",  "12",  "32", "9223372036854775807"};
    const std::size_t at = below(text.size());
    const std::size_t length = std::min(1 + below(24), text.size() - at);
    switch (below(9)) {
      case 0:
        text.resize(at);
        break;
      case 1:
        text.erase(at, length);
        break;
      case 2:
        text.insert(at, text.substr(below(text.size()), length));
        break;
      case 3:
        text[at] = static_cast<char>(below(256));
        break;
      case 4:
        text.insert(at, any(kTokens));
        break;
      default:
        replace_number(text, at, any(kNumbers));
    }
  }

  /// Replaces the first number at or after `at`.
  static void replace_number(std::string& text, std::size_t at, const std::string& number) {
    constexpr const char* kDigits = "0123456789";
    const std::size_t begin = text.find_first_of(kDigits, at);
    if (begin != std::string::npos) {
      const std::size_t end = std::min(text.find_first_not_of(kDigits, begin), text.size());
      text.replace(begin, end - begin, number);
    }
  }

  std::mt19937 random_;
};

void check(const Design& design) {
  ASSERT_NE(design.array, nullptr);
  const auto in_device = [&](npu::TileId tile) {
    return tile.column >= 0 && tile.column < design.n_columns && tile.row >= 0 &&
           tile.row < design.array->n_rows;
  };
  const auto limits = [&](npu::TileId tile) -> const npu::TileLimits& {
    return design.array->limits(design.array->kind(tile));
  };
  for (const Buffer& buffer : design.buffers) {
    ASSERT_TRUE(in_device(buffer.tile));
    EXPECT_LE(buffer.address + buffer.bytes,
              static_cast<std::uint32_t>(limits(buffer.tile).memory_bytes));
    EXPECT_TRUE(buffer.initial.empty() || buffer.initial.size() == buffer.bytes);
  }
  for (const Lock& lock : design.locks) {
    ASSERT_TRUE(in_device(lock.tile));
    EXPECT_LT(lock.id, limits(lock.tile).n_locks);
  }
  for (const TileDescriptor& one : design.descriptors) {
    ASSERT_TRUE(in_device(one.tile));
    EXPECT_LT(one.id, limits(one.tile).n_descriptors);
    EXPECT_TRUE(npu::pack(one.descriptor, design.array->kind(one.tile), *design.array));
  }
  for (const Core& core : design.cores) {
    for (const CoreInstruction& instruction : core.program.code) {
      for (const int reg : {instruction.result, instruction.a, instruction.b, instruction.c}) {
        EXPECT_LT(reg, core.program.n_registers);
      }
      EXPECT_LE(static_cast<std::size_t>(instruction.target), core.program.code.size());
      EXPECT_TRUE(instruction.op != CoreOp::UseLock || in_device(instruction.lock_tile));
    }
  }
  for (const RuntimeSequence& sequence : design.sequences) {
    EXPECT_TRUE(npu::decode(sequence.instructions));
  }
}

TEST(DamagedText, TheTextsThemselvesLower) {
  for (const char* const text : test::kWholeTexts) {
    const Result<Design> design = lower(text);
    ASSERT_TRUE(design) << design.error().message;
    check(*design);
  }
}

TEST(DamagedText, IsRefusedOrSound) {
  Mutator mutate(20261121);
  int lowered = 0;
  int refused = 0;
  for (const char* const text : test::kWholeTexts) {
    for (int i = 0; i < kMutationsPerText; ++i) {
      const std::string damaged = mutate(text);
      const Result<Design> design = lower(damaged);
      if (design) {
        ++lowered;
        check(*design);
      } else {
        ++refused;
        EXPECT_FALSE(design.error().message.empty()) << damaged;
      }
      if (HasFailure()) {
        FAIL() << damaged;
      }
    }
  }
  EXPECT_GT(lowered, 100) << "mutations that always break the text test the parser only";
  EXPECT_GT(refused, 100);
}

TEST(DamagedText, EveryTruncationIsRefused) {
  for (const std::string text : test::kWholeTexts) {
    const std::size_t end = text.rfind('}');
    for (std::size_t length = 0; length < end; length += 7) {
      EXPECT_FALSE(lower(text.substr(0, length))) << text.substr(0, length);
    }
  }
}

TEST(DamagedText, DeepNestingIsRefused) {
  const auto repeated = [](const std::string& text, int n) {
    std::string all;
    for (int i = 0; i < n; ++i) {
      all += text;
    }
    return all;
  };
  constexpr int kDeep = 100000;
  const std::string core = "%t = aie.tile(0, 2)\n%c = aie.core(%t) {\n%b = arith.constant true\n";
  for (const std::string& text :
       {repeated("module {\n", kDeep),
        test::device(core + repeated("scf.if %b {\n", kDeep) + repeated("}\n", kDeep) +
                     "aie.end\n}\n"),
        test::device("%t = aie.tile(0, 2)\n%a = aie.buffer(%t) : memref<1xi32> = dense<" +
                     repeated("[", kDeep) + "1" + repeated("]", kDeep) + ">\n"),
        test::device("%t = aie.tile(0, 2)\n%a = aie.buffer(%t) : " +
                     repeated("memref<4x", kDeep))}) {
    const Result<Design> design = lower(text);
    ASSERT_FALSE(design);
    EXPECT_EQ(design.error().code, ErrorCode::InvalidArgument) << design.error().message;
  }
}

}  // namespace
}  // namespace npuwhisper::emu
