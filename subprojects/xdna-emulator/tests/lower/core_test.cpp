// SPDX-License-Identifier: LGPL-2.1-or-later
// Tests of core bodies, which are compiled and then run in isolation.
#include <gtest/gtest.h>

#include "lowering.h"
#include "program_runner.h"

namespace npuwhisper::emu {
namespace {

using npu::TileId;
using test::device;
using test::find_buffer;
using test::lowered;
using test::Observed;
using test::ProgramRunner;
using test::refusal;

constexpr TileId kCore{0, 2};

const std::string kHead =
    "%t = aie.tile(0, 2)\n%n = aie.tile(0, 3)\n"
    "%out = aie.buffer(%t) {sym_name = \"out\"} : memref<8xi32>\n"
    "func.func private @kernel(memref<4xi32>, i32) attributes {link_with = \"kernel.o\"}\n"
    "aie.core(%t) {\n%c0 = arith.constant 0 : index\n%c1 = arith.constant 1 : index\n"
    "%c4 = arith.constant 4 : index\n%c8 = arith.constant 8 : index\n"
    "%i7 = arith.constant 7 : i32\n";

std::string body(const std::string& text) {
  return device(kHead + text + "\naie.end\n}");
}

/// Runs the body and returns the eight words of @out.
std::vector<int> run(const std::string& text) {
  const Design design = lowered(body(text));
  std::vector<int> words;
  if (design.cores.empty()) {
    return words;
  }
  ProgramRunner runner(design);
  runner.run(kCore);
  for (std::uint32_t i = 0; i < 8; ++i) {
    words.push_back(runner.word(kCore, find_buffer(design, "out")->address + 4 * i));
  }
  return words;
}

TEST(Core, LoopsLoadAndStore) {
  EXPECT_EQ(run("scf.for %i = %c0 to %c8 step %c1 {\n%v = arith.index_cast %i : index to i32\n"
                "%w = arith.muli %v, %i7 : i32\nmemref.store %w, %out[%i] : memref<8xi32>\n}"),
            (std::vector<int>{0, 7, 14, 21, 28, 35, 42, 49}));
}

TEST(Core, LoopsCarryValues) {
  EXPECT_EQ(run("%a, %b = scf.for %i = %c0 to %c8 step %c1 iter_args(%x = %i7, %y = %i7) -> (i32, "
                "i32) {\n%z = arith.addi %x, %y : i32\nscf.yield %y, %z : i32, i32\n}\n"
                "memref.store %a, %out[%c0] : memref<8xi32>\n"
                "memref.store %b, %out[%c1] : memref<8xi32>")[1],
            7 * 55);
}

TEST(Core, SwappedValuesAreCopiedAtOnce) {
  const std::vector<int> words =
      run("%i9 = arith.constant 9 : i32\n"
          "%a, %b = scf.for %i = %c0 to %c1 step %c1 iter_args(%x = %i7, %y = %i9) -> (i32, i32) "
          "{\nscf.yield %y, %x : i32, i32\n}\nmemref.store %a, %out[%c0] : memref<8xi32>\n"
          "memref.store %b, %out[%c1] : memref<8xi32>");
  EXPECT_EQ(words[0], 9);
  EXPECT_EQ(words[1], 7);
}

TEST(Core, ConditionsSwitchesAndWhile) {
  EXPECT_EQ(run("scf.for %i = %c0 to %c8 step %c1 {\n%less = arith.cmpi slt, %i, %c4 : index\n"
                "%v = scf.if %less -> (i32) {\n%k = arith.constant 1 : i32\nscf.yield %k : i32\n"
                "} else {\n%k = scf.index_switch %i -> i32\ncase 5 {\n%f = arith.constant 55 : "
                "i32\nscf.yield %f : i32\n}\ndefault {\n%f = arith.constant 2 : i32\nscf.yield %f "
                ": i32\n}\nscf.yield %k : i32\n}\nmemref.store %v, %out[%i] : memref<8xi32>\n}"),
            (std::vector<int>{1, 1, 1, 1, 2, 55, 2, 2}));
  EXPECT_EQ(run("%r = scf.while (%x = %i7) : (i32) -> (i32) {\n%k = arith.constant 100 : i32\n"
                "%go = arith.cmpi slt, %x, %k : i32\nscf.condition(%go) %x : i32\n} do {\n"
                "^bb0(%y: i32):\n%z = arith.addi %y, %y : i32\nscf.yield %z : i32\n}\n"
                "memref.store %r, %out[%c0] : memref<8xi32>")[0],
            112);
}

TEST(Core, BranchesBetweenBlocks) {
  EXPECT_EQ(run("cf.br ^head(%c0, %i7 : index, i32)\n^head(%i: index, %x: i32):\n"
                "%go = arith.cmpi slt, %i, %c4 : index\ncf.cond_br %go, ^body, ^exit\n^body:\n"
                "%y = arith.addi %x, %i7 : i32\n%j = arith.addi %i, %c1 : index\n"
                "cf.br ^head(%j, %y : index, i32)\n^exit:\n"
                "memref.store %x, %out[%c0] : memref<8xi32>")[0],
            35);
}

TEST(Core, AffineLoops) {
  EXPECT_EQ(run("affine.for %i = 1 to 8 step 3 {\nmemref.store %i7, %out[%i] : memref<8xi32>\n}"),
            (std::vector<int>{0, 7, 0, 0, 7, 0, 0, 7}));
}

TEST(Core, NarrowIntegersWrap) {
  EXPECT_EQ(run("%x = arith.constant 200 : i32\n%n = arith.trunci %x : i32 to i8\n"
                "%s = arith.extsi %n : i8 to i32\nmemref.store %s, %out[%c0] : memref<8xi32>")[0],
            -56);
}

TEST(Core, ViewsMoveAndReshape) {
  // The 2 x 1 subview is column 1 of rows 1 and 3 of a 4 x 2 view.
  EXPECT_EQ(run("%m = memref.expand_shape %out [[0, 1]] output_shape [4, 2] : memref<8xi32> into "
                "memref<4x2xi32>\n"
                "%s = memref.subview %m[1, %c1][2, 1][2, 1] : memref<4x2xi32> to memref<2x1xi32, "
                "strided<[4, 1], offset: ?>>\n"
                "memref.store %i7, %s[%c1, %c0] : memref<2x1xi32, strided<[4, 1], offset: ?>>\n"
                "%f = memref.collapse_shape %m [[0, 1]] : memref<4x2xi32> into memref<8xi32>\n"
                "memref.store %i7, %f[%c4] : memref<8xi32>\n"
                "%r = memref.reinterpret_cast %out to offset: [2], sizes: [2], strides: [1] : "
                "memref<8xi32> to memref<2xi32>\nmemref.store %i7, %r[%c0] : memref<2xi32>"),
            (std::vector<int>{0, 0, 7, 0, 7, 0, 0, 7}));
}

TEST(Core, CopiesAndAllocations) {
  EXPECT_EQ(run("%a = memref.alloc() : memref<8xi32>\n"
                "scf.for %i = %c0 to %c8 step %c1 {\nmemref.store %i7, %a[%i] : memref<8xi32>\n}\n"
                "memref.copy %a, %out : memref<8xi32> to memref<8xi32>\n"
                "memref.dealloc %a : memref<8xi32>"),
            (std::vector<int>(8, 7)));
}

TEST(Core, MemoriesPassThroughControlFlow) {
  const std::string buffers = "%other = aie.buffer(%t) {sym_name = \"other\"} : memref<8xi32>\n";
  std::string text = body(
      "scf.for %i = %c0 to %c4 step %c1 {\n%two = arith.constant 2 : index\n"
      "%late = arith.cmpi sge, %i, %two : index\n%m = scf.if %late -> (memref<8xi32>) {\nscf.yield "
      "%out : memref<8xi32>\n} else {\nscf.yield %other : memref<8xi32>\n}\n"
      "memref.store %i7, %m[%i] : memref<8xi32>\n}");
  text.insert(text.find("func.func"), buffers);
  const Design design = lowered(text);
  ProgramRunner runner(design);
  runner.run(kCore);
  const std::uint32_t out = find_buffer(design, "out")->address;
  const std::uint32_t other = find_buffer(design, "other")->address;
  EXPECT_EQ(runner.word(kCore, out + 4), 0);
  EXPECT_EQ(runner.word(kCore, out + 12), 7);
  EXPECT_EQ(runner.word(kCore, other + 4), 7);
}

TEST(Core, GlobalsAreConstantsInTheTile) {
  std::string text = body(
      "%g = memref.get_global @table : memref<4xi32>\n%v = memref.load %g[%c1] : memref<4xi32>\n"
      "memref.store %v, %out[%c0] : memref<8xi32>");
  text.insert(text.find("func.func"),
              "memref.global \"private\" constant @table : memref<4xi32> = dense<[3, 1, 4, 1]>\n");
  const Design design = lowered(text);
  const Buffer* table = find_buffer(design, "table");
  ASSERT_NE(table, nullptr);
  EXPECT_EQ(table->tile, kCore);
  EXPECT_EQ(table->initial[8], std::byte{4});
  EXPECT_GE(table->address, find_buffer(design, "out")->address + 32);
}

TEST(Core, CallsGetAddressesAndNumbers) {
  const Design design = lowered(
      body("%s = memref.subview %out[4][4][1] : memref<8xi32> to memref<4xi32, strided<[1], "
           "offset: 4>>\nfunc.call @kernel(%s, %i7) : (memref<4xi32, strided<[1], offset: 4>>, "
           "i32) -> ()\naie.event(1)"));
  const std::vector<Observed> seen = ProgramRunner(design).run(kCore);
  ASSERT_EQ(seen.size(), 2u);
  EXPECT_EQ(seen[0].what, "call kernel");
  const CoreAddress address = unpack_address(seen[0].arguments[0]);
  EXPECT_EQ(address.tile, kCore);
  EXPECT_EQ(address.offset, find_buffer(design, "out")->address + 16);
  EXPECT_EQ(seen[0].arguments[1], 7);
  EXPECT_EQ(seen[1].value, 1);
  EXPECT_EQ(design.cores[0].kernel_objects, (std::vector<std::string>{"kernel.o"}));
}

TEST(Core, FunctionsWithBodiesAreInlined) {
  std::string text = body(
      "%r = func.call @twice(%i7) : (i32) -> i32\n"
      "%q = func.call @twice(%r) : (i32) -> i32\nmemref.store %q, %out[%c0] : memref<8xi32>");
  text.insert(text.find("aie.core"),
              "func.func @twice(%x: i32) -> i32 {\n%y = arith.addi %x, %x : i32\nreturn %y : "
              "i32\n}\n");
  const Design design = lowered(text);
  ProgramRunner runner(design);
  runner.run(kCore);
  EXPECT_EQ(runner.word(kCore, find_buffer(design, "out")->address), 28);
}

TEST(Core, LocksOfNeighboursAndComputedValues) {
  std::string text = body(
      "aie.use_lock(%far, AcquireGreaterEqual, 2)\n%two = arith.addi %i7, %i7 : i32\n"
      "aie.use_lock(%far, Release, %two)");
  text.insert(text.find("func.func"), "%far = aie.lock(%n, 5)\n");
  const std::vector<Observed> seen = ProgramRunner(lowered(text)).run(kCore);
  ASSERT_EQ(seen.size(), 2u);
  EXPECT_EQ(seen[0].tile, (TileId{0, 3}));
  EXPECT_EQ(seen[0].lock, 5);
  EXPECT_EQ(seen[0].value, 2);
  EXPECT_EQ(seen[1].what, "release");
  EXPECT_EQ(seen[1].value, 14);
}

TEST(Core, LocksAreNumbersForKernels) {
  std::string text = body("func.call @locker(%own, %north) : (index, index) -> ()");
  text.insert(text.find("aie.core"),
              "%own = aie.lock(%t, 3)\n%north = aie.lock(%n, 4)\n"
              "func.func private @locker(index, index)\n");
  const std::vector<Observed> seen = ProgramRunner(lowered(text)).run(kCore);
  EXPECT_EQ(seen.at(0).arguments, (std::vector<std::int64_t>{48 + 3, 32 + 4}));
}

/// A core acquires windows of two objects of a FIFO and advances by one object at a time.
TEST(Core, FifoWindowsSlide) {
  const Design design = lowered(
      device("%s = aie.tile(0, 0)\n%t = aie.tile(0, 2)\n"
             "func.func private @use(memref<4xi32>, memref<4xi32>)\n"
             "aie.objectfifo @in(%s, {%t}, [2, 3]) : !aie.objectfifo<memref<4xi32>>\n"
             "aie.core(%t) {\n%c0 = arith.constant 0 : index\n%c1 = arith.constant 1 : index\n"
             "%c4 = arith.constant 4 : index\nscf.for %i = %c0 to %c4 step %c1 {\n"
             "%v = aie.objectfifo.acquire @in(Consume, 2) : !aie.objectfifosubview<memref<4xi32>>\n"
             "%a = aie.objectfifo.subview.access %v[0] : !aie.objectfifosubview<memref<4xi32>> -> "
             "memref<4xi32>\n%b = aie.objectfifo.subview.access %v[1] : "
             "!aie.objectfifosubview<memref<4xi32>> -> memref<4xi32>\n"
             "func.call @use(%a, %b) : (memref<4xi32>, memref<4xi32>) -> ()\n"
             "aie.objectfifo.release @in(Consume, 1)\n}\naie.end\n}"));
  std::vector<std::uint32_t> buffers;
  for (int i = 0; i < 3; ++i) {
    buffers.push_back(find_buffer(design, "in_cons_buff_" + std::to_string(i))->address);
  }
  const std::vector<Observed> seen = ProgramRunner(design).run(kCore);
  ASSERT_EQ(seen.size(), 12u);
  for (std::size_t i = 0; i < 4; ++i) {
    // The first acquire takes two objects. Each later acquire takes one object, because the core
    // still holds another.
    EXPECT_EQ(seen[3 * i].value, i == 0 ? 2 : 1);
    EXPECT_EQ(unpack_address(seen[3 * i + 1].arguments[0]).offset, buffers[i % 3]);
    EXPECT_EQ(unpack_address(seen[3 * i + 1].arguments[1]).offset, buffers[(i + 1) % 3]);
    EXPECT_EQ(seen[3 * i + 2].what, "release");
    EXPECT_EQ(seen[3 * i + 2].value, 1);
  }
}

TEST(Core, AcquiresReturnTheObjectsDirectly) {
  const Design design = lowered(
      device("%t = aie.tile(0, 2)\n%n = aie.tile(0, 3)\nfunc.func private @use(memref<4xi32>, "
             "memref<4xi32>)\n"
             "aie.objectfifo @of(%t, {%n}, 2 : i32) {repeat_count = 3 : i32} : "
             "!aie.objectfifo<memref<4xi32>>\n"
             "aie.core(%t) {\n%a, %b = aie.objectfifo.acquire @of(Produce, 2) : memref<4xi32>, "
             "memref<4xi32>\nfunc.call @use(%a, %b) : (memref<4xi32>, memref<4xi32>) -> ()\n"
             "aie.objectfifo.release @of(Produce, 2)\naie.end\n}"));
  const std::vector<Observed> seen = ProgramRunner(design).run(kCore);
  ASSERT_EQ(seen.size(), 3u);
  EXPECT_EQ(seen[0].value, 6);
  EXPECT_EQ(seen[2].value, 6);
  EXPECT_NE(seen[1].arguments[0], seen[1].arguments[1]);
}

struct Refused {
  std::string text;
  std::string message;
};

class CoreRefuses : public testing::TestWithParam<Refused> {};

TEST_P(CoreRefuses, ByName) {
  const std::string message = refusal(GetParam().text);
  EXPECT_NE(message.find(GetParam().message), std::string::npos) << message;
}

INSTANTIATE_TEST_SUITE_P(
    Bodies, CoreRefuses,
    testing::Values(
        Refused{body("\"vector.broadcast\"(%i7) : (i32) -> vector<16xi32>"),
                "operation 'vector.broadcast' in a core is not modelled"},
        Refused{body("memref.store %i7, %out[%c0, %c1] : memref<8xi32>"), "expects 1 indices"},
        Refused{body("%v = arith.constant 1 : i4"), "a value of type i4"},
        Refused{body("func.call @missing() : () -> ()"), "does not reference a valid function"},
        Refused{body("func.call @kernel(%out) : (memref<8xi32>) -> ()"), "do not match"},
        Refused{body("%a = memref.alloc() : memref<20000xi32>"),
                "allocated buffers exceeded available memory"},
        Refused{device("%t = aie.tile(1, 2)\n%e = aie.tile(2, 2)\n"
                       "%b = aie.buffer(%e) : memref<4xi32>\naie.core(%t) {\n"
                       "%c = arith.constant 0 : index\n%v = memref.load %b[%c] : memref<4xi32>\n"
                       "aie.end\n}"),
                "does not reach buffer 'b' of tile (2, 2)"},
        Refused{device("%t = aie.tile(0, 3)\n%e = aie.tile(0, 5)\n%l = aie.lock(%e)\n"
                       "aie.core(%t) {\naie.use_lock(%l, Release, 1)\naie.end\n}"),
                "does not reach lock"},
        Refused{device("%t = aie.tile(0, 2)\nfunc.func @loop() {\nfunc.call @loop() : () -> "
                       "()\nreturn\n}\naie.core(%t) {\nfunc.call @loop() : () -> ()\naie.end\n}"),
                "calls itself"},
        Refused{device("%t = aie.tile(0, 2)\naie.core(%t) {\naie.end\n} {elf_file = \"a.elf\"}"),
                "a core from an ELF file"},
        Refused{device("%t = aie.tile(0, 1)\naie.core(%t) {\naie.end\n}"), "is not a core tile"},
        Refused{device("%t = aie.tile(0, 2)\naie.core(%t) {\naie.end\n}\naie.core(%t) "
                       "{\naie.end\n}"),
                "has another core already"}));

/// Returns a device with `n` functions, each of which calls the next one `times` times.
std::string chained_functions(int n, int times) {
  std::string text = "%t = aie.tile(0, 2)\n";
  for (int i = 0; i < n; ++i) {
    text += "func.func @f" + std::to_string(i) + "() {\n";
    for (int k = 0; i + 1 < n && k < times; ++k) {
      text += "func.call @f" + std::to_string(i + 1) + "() : () -> ()\n";
    }
    text += "return\n}\n";
  }
  return device(text + "aie.core(%t) {\nfunc.call @f0() : () -> ()\naie.end\n}");
}

TEST(Core, CallsAreBoundedInDepthAndNumber) {
  EXPECT_EQ(lowered(chained_functions(10, 2)).cores.size(), 1u);
  EXPECT_NE(refusal(chained_functions(1000, 1)).find("calls within each other"), std::string::npos);
  EXPECT_NE(refusal(chained_functions(14, 8)).find("program is too long"), std::string::npos);
}

}  // namespace
}  // namespace npuwhisper::emu
