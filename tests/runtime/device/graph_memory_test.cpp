// SPDX-License-Identifier: LGPL-2.1-or-later
// Compares the memory that a device computes before it prepares a graph with the memory of the
// prepared graph.
#include "device/graph_memory.h"

#include <gtest/gtest.h>

#include <memory>
#include <ostream>
#include <string>
#include <tuple>
#include <vector>

#include "device/registry.h"
#include "engine/whisper_graphs.h"
#include "model/model.h"
#include "temporary_folder.h"
#include "tiny_model.h"

namespace npuwhisper {
namespace {

constexpr int kMaxRows = 24;

/// The sizes of a tiny model and the type of its weights. The tests use sizes that are multiples of
/// different numbers. If `n_ffn` is 0, it is 4 * 64 * `n_heads`.
struct Shape {
  int n_heads;
  int n_audio_ctx;
  int n_ffn;
  DataType storage;
};

void PrintTo(const Shape& shape, std::ostream* out) {
  *out << shape.n_heads << " heads, " << shape.n_audio_ctx << " positions, n_ffn " << shape.n_ffn
       << ", " << to_string(shape.storage);
}

constexpr Shape kShapes[] = {{1, 50, 0, DataType::F16},
                             {2, 1500, 0, DataType::F16},
                             {3, 200, 0, DataType::F32},
                             // Products with 8-bit operands need sizes that are multiples of 16,
                             // and 500 is none.
                             {2, 100, 500, DataType::F16},
                             {6, 1500, 0, DataType::F16}};

class GraphMemoryOf : public testing::TestWithParam<std::tuple<Shape, Precision>> {
 protected:
  void SetUp() override {
    const auto& [shape, precision] = GetParam();
    device_ = open(precision, 0);
    if (!device_) return;
    test::write_tiny_model(folder_.path(), {.n_audio_ctx = shape.n_audio_ctx,
                                            .n_audio_head = shape.n_heads,
                                            .n_state = 64 * shape.n_heads,
                                            .n_ffn = shape.n_ffn,
                                            .n_text_head = shape.n_heads,
                                            .storage = shape.storage});
    auto model = Model::load(folder_.path());
    ASSERT_TRUE(model) << model.error().message;
    model_ = *model;
  }

  /// Opens the CPU. Skips the test if this CPU lacks the precision.
  std::unique_ptr<Device> open(Precision precision, unsigned n_threads) {
    auto device =
        open_device({.kind = DeviceKind::Cpu, .precision = precision, .n_threads = n_threads});
    if (device) return std::move(*device);
    EXPECT_EQ(device.error().code, ErrorCode::Unsupported) << device.error().message;
    [&] { GTEST_SKIP() << device.error().message; }();
    return nullptr;
  }

  /// Checks that the computed memory of `graph` is equal to that of the prepared graph.
  void check(const Graph& graph, int batch) {
    const auto memory = device_->measure(graph, model_->weights->index(), batch);
    ASSERT_TRUE(memory) << memory.error().message;
    const auto executable = device_->prepare(graph, *model_->weights, batch);
    ASSERT_TRUE(executable) << executable.error().message;
    EXPECT_EQ(memory->weight_bytes, (*executable)->plan().weight_bytes) << graph.name;
    EXPECT_EQ(memory->working_bytes, (*executable)->plan().working_bytes) << graph.name;
    EXPECT_GT(memory->weight_bytes, 0U) << graph.name;
    EXPECT_GT(memory->working_bytes, 0U) << graph.name;
    std::size_t index = 0;
    for (const std::vector<TensorId>* bound : {&graph.inputs, &graph.outputs}) {
      for (const TensorId id : *bound) {
        if (index == memory->buffer_bytes.size()) break;  // The logits of a step have no buffer.
        const auto buffer = (*executable)->allocate(id);
        ASSERT_TRUE(buffer) << buffer.error().message;
        EXPECT_EQ(memory->buffer_bytes[index++], (*buffer)->host().size()) << graph.name;
      }
    }
    EXPECT_EQ(index, 2U) << graph.name;
  }

  test::TemporaryFolder folder_;
  std::shared_ptr<const Model> model_;
  std::unique_ptr<Device> device_;
};

TEST_P(GraphMemoryOf, ThePreparedGraph) {
  if (!device_) return;
  check(make_encoder_graph(model_->config), 1);
  check(make_cross_graph(model_->config), 1);
  check(make_window_graph(model_->config), 3);
  check(make_decoder_graph(model_->config, kMaxRows), kMaxRows);
}

TEST_P(GraphMemoryOf, OneThread) {
  if (!device_) return;
  device_ = open(std::get<1>(GetParam()), 1);
  check(make_encoder_graph(model_->config), 1);
  check(make_decoder_graph(model_->config, kMaxRows), kMaxRows);
}

INSTANTIATE_TEST_SUITE_P(Shapes, GraphMemoryOf,
                         testing::Combine(testing::ValuesIn(kShapes),
                                          testing::Values(Precision::Auto, Precision::F32,
                                                          Precision::Bf16, Precision::Int8)));

}  // namespace
}  // namespace npuwhisper
