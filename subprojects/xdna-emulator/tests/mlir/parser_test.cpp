// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/mlir/parser.h"

#include <string>

#include <gtest/gtest.h>

namespace npuwhisper::emu::mlir {
namespace {

Module parse(const std::string& text) {
  Result<Module> module = parse_module(text);
  EXPECT_TRUE(module) << (module ? "" : module.error().message);
  return module ? std::move(*module) : Module{};
}

std::string error_of(const std::string& text) {
  const Result<Module> module = parse_module(text);
  EXPECT_FALSE(module) << text;
  return module ? "" : module.error().message;
}

const Operation& only(const Module& module) {
  EXPECT_EQ(module.operations.size(), 1u);
  return *module.operations.at(0);
}

std::vector<std::int64_t> numbers(const Operation& op, const char* name) {
  std::vector<std::int64_t> values;
  for (const Number& number : op.attribute(name)->numbers) {
    values.push_back(number.integer);
  }
  return values;
}

TEST(Parser, PrettyAndGenericFormGiveTheSameTree) {
  const Module pretty = parse("%t = aie.tile(1, 2)");
  const Module generic = parse("%t = \"aie.tile\"() {col = 1 : i32, row = 2 : i32} : () -> index");
  for (const Module* module : {&pretty, &generic}) {
    const Operation& tile = only(*module);
    EXPECT_EQ(tile.name, "aie.tile");
    EXPECT_EQ(tile.attribute("col")->integer, 1);
    EXPECT_EQ(tile.attribute("row")->integer, 2);
    ASSERT_EQ(tile.results.size(), 1u);
    EXPECT_EQ(tile.results[0]->type->kind, TypeKind::Index);
  }
}

TEST(Parser, PropertiesAreAttributes) {
  const Module module = parse("%t = \"aie.tile\"() <{col = 3 : i32, row = 0 : i32}> : () -> index");
  EXPECT_EQ(only(module).attribute("col")->integer, 3);
}

TEST(Parser, OlderAndNewerDescriptorsAreTheSame) {
  const std::string memory = "%t = aie.tile(0, 1)\n%b = aie.buffer(%t) : memref<64xi32>\n";
  for (const char* descriptor :
       {"aie.dma_bd(%b : memref<64xi32>, 4, 32, [<size = 4, stride = 16>, <size = 8, stride = 1>],"
        " [<const_pad_before = 1, const_pad_after = 2>, <0, 0>])",
        "aie.dma_bd(%b : memref<64xi32> offset = 4 len = 32 sizes = [4, 8] strides = [16, 1] pad "
        "[<const_pad_before = 1, const_pad_after = 2>, <0, 0>])"}) {
    const Module module = parse(memory + descriptor);
    const Operation& op = *module.operations.at(2);
    EXPECT_EQ(op.attribute("static_offset")->integer, 4);
    EXPECT_EQ(op.attribute("static_len")->integer, 32);
    EXPECT_EQ(numbers(op, "static_sizes"), (std::vector<std::int64_t>{4, 8}));
    EXPECT_EQ(numbers(op, "static_strides"), (std::vector<std::int64_t>{16, 1}));
    ASSERT_EQ(op.attribute("pad_dimensions")->elements.size(), 2u);
    EXPECT_EQ(op.attribute("pad_dimensions")->elements[0]->field("const_pad_after")->integer, 2);
  }
}

TEST(Parser, LockValuesAreLiteralsOrValues) {
  const std::string lock = "%t = aie.tile(0, 2)\n%l = aie.lock(%t)\n";
  const Module literal = parse(lock + "aie.use_lock(%l, AcquireGreaterEqual, 2)");
  EXPECT_EQ(literal.operations.at(2)->attribute("value")->integer, 2);
  const Module value =
      parse(lock + "%c = arith.constant 2 : i32\naie.use_lock(%l, \"Release\", %c)");
  EXPECT_EQ(value.operations.at(3)->operands.size(), 2u);
  EXPECT_EQ(value.operations.at(3)->attribute("action")->text, "Release");
}

TEST(Parser, ObjectFifo) {
  const Module module = parse(
      "%a = aie.tile(0, 1)\n%b = aie.tile(0, 2)\n"
      "aie.objectfifo @of(%a dimensionsToStream [<size = 4, stride = 8>], {%b dimensionsFromStream "
      "[<2, 1>], %b}, [2, 3, 4]) {via_DMA = true, repeat_count = 2 : i32} : "
      "!aie.objectfifo<memref<4x8xbf16>> = [dense<0.0> : memref<4x8xbf16>, dense<1.0> : "
      "memref<4x8xbf16>]");
  const Operation& fifo = *module.operations.at(2);
  EXPECT_EQ(fifo.operands.size(), 3u);
  EXPECT_EQ(fifo.attribute("elemNumber")->elements.size(), 3u);
  EXPECT_EQ(fifo.attribute("dimensionsToStream")->elements[0]->field("stride")->integer, 8);
  EXPECT_EQ(fifo.attribute("dimensionsFromStreamPerConsumer")->elements.size(), 2u);
  EXPECT_EQ(fifo.attribute("initValues")->elements.size(), 2u);
  const Type* type = fifo.attribute("elemType")->type;
  ASSERT_EQ(type->kind, TypeKind::ObjectFifo);
  EXPECT_TRUE(type->element->element->is_bf16);
}

TEST(Parser, Types) {
  const Module module = parse(
      "func.func private @f(memref<4x?xui8, strided<[8, 1], offset: ?>, 2 : i32>, memref<*xf32>, "
      "vector<16 x i16>, index) -> (i64, bf16)");
  const Type* type = only(module).attribute("function_type")->type;
  ASSERT_EQ(type->inputs.size(), 4u);
  EXPECT_EQ(type->inputs[0]->shape, (std::vector<std::int64_t>{4, kDynamic}));
  EXPECT_TRUE(type->inputs[0]->element->is_unsigned);
  EXPECT_EQ(type->inputs[0]->strides, (std::vector<std::int64_t>{8, 1}));
  EXPECT_EQ(type->inputs[0]->offset, kDynamic);
  EXPECT_EQ(type->inputs[1]->kind, TypeKind::UnrankedMemRef);
  EXPECT_EQ(type->inputs[1]->element->width, 32);
  EXPECT_EQ(type->inputs[2]->kind, TypeKind::Vector);
  EXPECT_EQ(type->results.size(), 2u);
}

TEST(Parser, BlocksMayBeUsedBeforeTheyAreDefined) {
  const Module module = parse(
      "func.func @f(%x: i32) {\n  cf.br ^b(%x : i32)\n^a:\n  return\n^b(%y: i32):\n"
      "  cf.br ^a\n}");
  const Region& region = only(module).regions.at(0);
  ASSERT_EQ(region.blocks.size(), 3u);
  EXPECT_EQ(region.blocks[0]->operations[0]->successors[0].block, region.blocks[2]);
  EXPECT_EQ(region.blocks[2]->operations[0]->successors[0].block, region.blocks[1]);
}

TEST(Parser, SeveralResultsOfOneName) {
  const Module module = parse(
      "%a, %b = \"x.two\"() : () -> (i32, i32)\n%c:2 = \"x.two\"() : () -> (i32, i32)\n"
      "\"x.use\"(%a, %b, %c#0, %c#1) : (i32, i32, i32, i32) -> ()");
  const Operation& use = *module.operations.at(2);
  EXPECT_EQ(use.operands[3], module.operations.at(1)->results[1]);
  EXPECT_EQ(use.operands[2], module.operations.at(1)->results[0]);
}

TEST(Parser, AliasesLocationsAndComments) {
  const Module module = parse(
      "#pkt = #aie.packet_info<pkt_type = 0, pkt_id = 4>  // a comment\n!buf = memref<4xi32>\n"
      "%t = aie.tile(0, 2) {controller_id = #pkt} loc(\"file\":1:2)\n"
      "%b = aie.buffer(%t) : !buf");
  EXPECT_EQ(module.operations.at(0)->attribute("controller_id")->field("pkt_id")->integer, 4);
  EXPECT_EQ(module.operations.at(1)->results[0]->type->shape, (std::vector<std::int64_t>{4}));
}

TEST(Parser, BothSpellingsOfDialectAttributes) {
  for (const char* spelling : {"#aie.bd_pad_layout_array<[<const_pad_before = 2, const_pad_after "
                               "= 1>]>",
                               "#aie<bd_pad_layout_array[<const_pad_before = 2, const_pad_after = "
                               "1>]>"}) {
    const Module module = parse("\"x.y\"() {pad = " + std::string(spelling) + "} : () -> ()");
    const Attribute* pad = only(module).attribute("pad");
    ASSERT_EQ(pad->elements.size(), 1u) << spelling;
    EXPECT_EQ(pad->elements[0]->field("const_pad_before")->integer, 2);
  }
}

struct Malformed {
  const char* text;
  const char* message;
};

class ParserRefuses : public testing::TestWithParam<Malformed> {};

TEST_P(ParserRefuses, WithLineFoundAndWanted) {
  EXPECT_NE(error_of(GetParam().text).find(GetParam().message), std::string::npos)
      << error_of(GetParam().text);
}

INSTANTIATE_TEST_SUITE_P(
    Texts, ParserRefuses,
    testing::Values(
        Malformed{"aie.device(npu1) {", "line 1: expected '}', found end of text"},
        Malformed{"\n%t = aie.tile(0 2)", "line 2: expected ',', found integer 2"},
        Malformed{"aie.frobnicate()", "line 1: operation 'aie.frobnicate' is not modelled"},
        Malformed{"aie.use_lock(%l, Release, 1)", "use of undeclared SSA value name '%l'"},
        Malformed{"%a = aie.tile(0, 0)\n%a = aie.tile(0, 1)", "line 2: redefinition of SSA value"},
        Malformed{"func.func @f() {\n  cf.br ^nowhere\n}", "undefined block '^nowhere'"},
        Malformed{"%c = arith.constant 99999999999999999999 : i64", "does not fit 64 bits"},
        Malformed{"%b = aie.external_buffer : memref<4294967296xi8>", "does not fit 31 bits"},
        Malformed{"\"x.y\"() {a = \"open} : () -> ()", "at the end of a string"},
        Malformed{"\"x.y\"() {a = 1, a = 2} : () -> ()", "'a' occurs twice"},
        Malformed{"%a:3 = \"x.y\"() : () -> i32", "defines 1 results but was given 3 names"},
        Malformed{"\"x.y\"() : (i32) -> ()", "as many types as operands"},
        Malformed{"\x01", "unexpected byte 1"}));

TEST(Parser, BoundsNesting) {
  std::string regions;
  std::string attributes = "\"x.y\"() {a = ";
  std::string types = "%x = \"x.y\"() : () -> ";
  for (int i = 0; i < 100000; ++i) {
    regions += "module {";
    attributes += '[';
    types += "memref<4x";
  }
  for (const std::string& text : {regions, attributes, types}) {
    EXPECT_NE(error_of(text).find("levels deep"), std::string::npos);
  }
}

}  // namespace
}  // namespace npuwhisper::emu::mlir
