// SPDX-License-Identifier: LGPL-2.1-or-later
#include "device/npu/step_operations.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "engine/whisper_graphs.h"
#include "whisper_base.h"

namespace npuwhisper::npu_device {
namespace {

class StepOperationsTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto spec = npu::make_design_spec("npu2", 4, 8);
    ASSERT_TRUE(spec);
    spec_ = *spec;
    auto made = make_step_operations(graph_, spec_);
    ASSERT_TRUE(made) << made.error().message;
    step_ = std::move(*made);
  }

  Graph graph_ = make_decoder_graph(test::whisper_base_config(), 64);
  npu::DesignSpec spec_;
  StepOperations step_;
};

TEST_F(StepOperationsTest, AGroupBetweenAnyTwoAttentions) {
  ASSERT_EQ(step_.groups.size(), 1U + 2U * 6U);
  std::vector<std::size_t> sizes;
  for (const auto& group : step_.groups) sizes.push_back(group.operations.operations.size());
  // Layer norms are folded into the products. The first group has the product qkv. Each layer
  // continues with a group of the products out and query. The next group has the product out, the
  // two products of the feed-forward layer, and the next layer's qkv. The last group has no qkv.
  EXPECT_EQ(sizes, (std::vector<std::size_t>{1, 2, 4, 2, 4, 2, 4, 2, 4, 2, 4, 2, 3}));
  for (const auto& group : step_.groups) {
    for (const npu::Operation& operation : group.operations.operations)
      EXPECT_TRUE(std::holds_alternative<npu::Product>(operation.what)) << operation.name;
    EXPECT_EQ(graph_.ops[group.ops.end_op - 1].output, group.ops.output);
  }
}

TEST_F(StepOperationsTest, EveryProductButTheExactOne) {
  std::size_t n_products = 0;
  for (const auto& group : step_.groups) n_products += group.operations.operations.size();
  const auto n_graph = std::count_if(graph_.ops.begin(), graph_.ops.end(),
                                     [](const Op& op) { return op.kind == OpKind::Gemm; });
  EXPECT_EQ(n_products, static_cast<std::size_t>(n_graph) - 1);
  EXPECT_FALSE(runs_on_array(graph_.ops.back())) << "its best must not be rounded";
}

/// First byte and end of a range of bytes in a host buffer. Bits 40 and up hold the buffer's
/// number.
using Span = std::pair<std::uint64_t, std::uint64_t>;

Span span_of(const npu::HostMatrix& matrix, int rows) {
  const auto base = (static_cast<std::uint64_t>(matrix.argument) << 40) + matrix.offset;
  const auto bytes =
      static_cast<std::uint64_t>(rows) * static_cast<std::uint64_t>(matrix.row_stride) * 2;
  return {base, base + bytes};
}

/// A group may have to run twice, so it must not overwrite data that it reads from other groups.
TEST_F(StepOperationsTest, AGroupCanBeRepeated) {
  constexpr int kPaddedRows = 256;
  for (const auto& group : step_.groups) {
    std::vector<Span> written, read_before_written;
    for (const npu::Operation& operation : group.operations.operations) {
      const auto& product = std::get<npu::Product>(operation.what);
      std::vector<Span> reads = {span_of(product.input, kPaddedRows)};
      for (const npu::ProductPart& part : product.parts) {
        if (part.residual) reads.push_back(span_of(*part.residual, kPaddedRows));
      }
      for (const Span& span : reads) {
        if (std::find(written.begin(), written.end(), span) == written.end())
          read_before_written.push_back(span);
      }
      for (const npu::ProductPart& part : product.parts)
        written.push_back(span_of(part.output, kPaddedRows));
    }
    ASSERT_FALSE(read_before_written.empty());
    for (const Span& from : read_before_written) {
      for (const Span& to : written)
        EXPECT_TRUE(to.second <= from.first || from.second <= to.first)
            << graph_.ops[group.ops.first_op].name;
    }
  }
}

TEST_F(StepOperationsTest, TheResidualStreamStaysOnTheDevice) {
  // The first layer's residual comes from the host. Each later group uses the residual stream that
  // the group before it left on the device.
  const npu::HostMatrix* last = nullptr;
  for (const auto& group : step_.groups) {
    for (const npu::Operation& operation : group.operations.operations) {
      const auto& part = std::get<npu::Product>(operation.what).parts[0];
      if (!part.residual) continue;
      if (last == nullptr) {
        EXPECT_EQ(part.residual->argument, kInput) << operation.name;
      } else {
        EXPECT_EQ(part.residual->argument, kWorkspace) << operation.name;
        EXPECT_EQ(part.residual->offset, last->offset) << operation.name;
      }
      last = &part.output;
    }
  }
  ASSERT_NE(last, nullptr);
  EXPECT_EQ(last->argument, kOutput) << "the logits are made from it, on the host";
}

TEST_F(StepOperationsTest, APlanForEachOnBothArrays) {
  for (const auto& [array, columns] : {std::pair("npu1", 4), std::pair("npu2", 8)}) {
    const auto spec = npu::make_design_spec(array, 4, columns);
    ASSERT_TRUE(spec);
    const auto step = make_step_operations(graph_, *spec);
    ASSERT_TRUE(step) << step.error().message;
    for (const auto& group : step->groups) {
      const auto plan = npu::make_plan(*spec, group.operations.operations, kPacked);
      EXPECT_TRUE(plan) << plan.error().message;
    }
  }
}

TEST_F(StepOperationsTest, TwoInputsFromTheHostAreRefused) {
  // The residual of this product is a second input from the host.
  Graph graph = graph_;
  const auto op = std::find_if(graph.ops.begin(), graph.ops.end(), [](const Op& o) {
    return o.name == "decoder/layer_0/attention/linear_2";
  });
  ASSERT_NE(op, graph.ops.end());
  op->residual = graph.inputs[1];
  const auto refused = make_step_operations(graph, spec_);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::Unsupported);
  EXPECT_EQ(refused.error().message,
            "decoder: decoder/layer_0/attention/linear_2: wanted one input from the host");
}

}  // namespace
}  // namespace npuwhisper::npu_device
