// SPDX-License-Identifier: LGPL-2.1-or-later
#include "device/tensor_slots.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace npuwhisper::cpu {
namespace {

/// A random graph. Each operation reads one or two of the tensors written before it, possibly one
/// tensor twice.
struct RandomGraph {
  Graph graph;
  std::vector<std::size_t> bytes;
  std::vector<int> stage_of;
};

RandomGraph make_graph(unsigned seed) {
  std::mt19937 generator(seed);
  const auto below = [&](std::size_t n) { return static_cast<int>(generator() % n); };
  RandomGraph made;
  made.graph.inputs = {made.graph.add_tensor("input", 1, 1)};
  made.bytes.push_back(0);  // The input needs no slot, because the caller binds it.
  int stage = 0;
  const int n_ops = 3 + below(25);
  for (int i = 0; i < n_ops; ++i) {
    Op op{.kind = OpKind::Gemm, .name = std::to_string(i)};
    op.input = below(made.graph.tensors.size());
    if (below(2) == 0) op.residual = below(made.graph.tensors.size());
    op.output = made.graph.add_tensor(op.name, 1, 1);
    made.bytes.push_back(below(8) == 0 ? 0 : 64U * static_cast<std::size_t>(1 + below(2)));
    made.graph.ops.push_back(op);
    stage += below(2);
    made.stage_of.push_back(stage);
  }
  made.graph.outputs = {made.graph.ops.back().output};
  return made;
}

std::string describe(const RandomGraph& made, const TensorSlots& slots) {
  std::string text;
  for (std::size_t i = 0; i < made.graph.ops.size(); ++i) {
    const Op& op = made.graph.ops[i];
    text += "stage " + std::to_string(made.stage_of[i]) + ": " + std::to_string(op.output) +
            " in slot " + std::to_string(slots.slot_of[static_cast<std::size_t>(op.output)]) +
            " <- " + std::to_string(op.input) + " + " + std::to_string(op.residual) + "\n";
  }
  return text;
}

/// Simulates the graph: each slot stores the ID of the last tensor written to it, and every read
/// must find the tensor that it expects.
TEST(TensorSlots, EveryReadFindsWhatWasWritten) {
  for (unsigned seed = 0; seed < 3000; ++seed) {
    const RandomGraph made = make_graph(seed);
    const TensorSlots slots = assign_slots(made.graph, made.bytes, made.stage_of);
    std::vector<TensorId> holds(slots.slot_bytes.size(), kNoTensor);
    for (std::size_t i = 0; i < made.graph.ops.size(); ++i) {
      const Op& op = made.graph.ops[i];
      for (const TensorId id : {op.input, op.residual}) {
        if (id == kNoTensor || slots.slot_of[static_cast<std::size_t>(id)] < 0) continue;
        ASSERT_EQ(holds[static_cast<std::size_t>(slots.slot_of[static_cast<std::size_t>(id)])], id)
            << "seed " << seed << ", operation " << i << "\n"
            << describe(made, slots);
      }
      const int slot = slots.slot_of[static_cast<std::size_t>(op.output)];
      if (slot < 0) continue;
      // The output may use the slot of the residual, but not the slot of the input, because the
      // product still reads the input.
      ASSERT_TRUE(holds[static_cast<std::size_t>(slot)] != op.input)
          << "seed " << seed << ", operation " << i << "\n"
          << describe(made, slots);
      holds[static_cast<std::size_t>(slot)] = op.output;
    }
    const TensorId output = made.graph.outputs[0];
    const int slot = slots.slot_of[static_cast<std::size_t>(output)];
    if (slot >= 0) {
      EXPECT_EQ(holds[static_cast<std::size_t>(slot)], output)
          << "an output was overwritten, seed " << seed;
    }
  }
}

/// Operations of one stage overlap in time, so no operation may write to a slot that an earlier one
/// still reads or writes. The exception is a sum that replaces its residual row by row, because it
/// writes each row after all reads of this row.
TEST(TensorSlots, OperationsOfAStageDoNotConflict) {
  for (unsigned seed = 0; seed < 3000; ++seed) {
    const RandomGraph made = make_graph(seed);
    const TensorSlots slots = assign_slots(made.graph, made.bytes, made.stage_of);
    const auto slot_of = [&](TensorId id) {
      return id == kNoTensor ? -1 : slots.slot_of[static_cast<std::size_t>(id)];
    };
    for (std::size_t i = 0; i < made.graph.ops.size(); ++i) {
      const int written = slot_of(made.graph.ops[i].output);
      if (written < 0 || written == slot_of(made.graph.ops[i].residual)) continue;
      for (std::size_t j = 0; j < i; ++j) {
        if (made.stage_of[i] != made.stage_of[j]) continue;
        const Op& earlier = made.graph.ops[j];
        for (const TensorId id : {earlier.input, earlier.residual, earlier.output}) {
          ASSERT_NE(slot_of(id), written) << "seed " << seed << "\n" << describe(made, slots);
        }
      }
    }
  }
}

TEST(TensorSlots, SlotsAreLargeEnoughAndOnlyForThoseThatAsk) {
  for (unsigned seed = 0; seed < 300; ++seed) {
    const RandomGraph made = make_graph(seed);
    const TensorSlots slots = assign_slots(made.graph, made.bytes, made.stage_of);
    for (std::size_t i = 0; i < made.bytes.size(); ++i) {
      EXPECT_EQ(slots.slot_of[i] >= 0, made.bytes[i] > 0);
      if (slots.slot_of[i] >= 0) {
        EXPECT_GE(slots.slot_bytes[static_cast<std::size_t>(slots.slot_of[i])], made.bytes[i]);
      }
    }
  }
}

TEST(TensorSlots, AChainNeedsTwo) {
  Graph graph;
  graph.inputs = {graph.add_tensor("input", 1, 1)};
  std::vector<std::size_t> bytes = {0};
  std::vector<int> stage_of;
  for (int i = 0; i < 10; ++i) {
    Op op{.kind = OpKind::Gemm};
    op.input = i;
    op.output = graph.add_tensor("", 1, 1);
    graph.ops.push_back(op);
    bytes.push_back(64);
    stage_of.push_back(i);
  }
  graph.outputs = {10};
  EXPECT_EQ(assign_slots(graph, bytes, stage_of).slot_bytes.size(), 2U);
}

TEST(TensorSlots, ASumTakesTheResidualsPlace) {
  Graph graph;
  graph.inputs = {graph.add_tensor("input", 1, 1)};
  const TensorId x = graph.add_tensor("x", 1, 1);
  const TensorId hidden = graph.add_tensor("hidden", 1, 1);
  const TensorId sum = graph.add_tensor("sum", 1, 1);
  graph.ops = {{.kind = OpKind::Gemm, .input = 0, .output = x},
               {.kind = OpKind::Gemm, .input = x, .output = hidden},
               {.kind = OpKind::Gemm, .input = hidden, .output = sum, .residual = x}};
  graph.outputs = {sum};
  const auto slots = assign_slots(graph, {0, 64, 64, 64}, {0, 1, 2});
  EXPECT_EQ(slots.slot_of[static_cast<std::size_t>(sum)],
            slots.slot_of[static_cast<std::size_t>(x)]);
}

}  // namespace
}  // namespace npuwhisper::cpu
