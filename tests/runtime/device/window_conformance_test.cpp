// SPDX-License-Identifier: LGPL-2.1-or-later
#include "conformance.h"

#include <string>

#include "engine/whisper_graphs.h"

namespace npuwhisper::test {
namespace {

Matrix random_mel(const ModelConfig& config, unsigned seed) {
  return random_matrix(2 * config.n_audio_ctx, config.n_mels, seed);
}

/// Returns a mel in which the positions after the dense ones depend only on padding. Because of the
/// two convolutions, a position depends on two frames on each side of its centre.
Matrix random_mel(const ModelConfig& config, unsigned seed, const WindowPositions& positions) {
  Matrix mel = random_mel(config, seed);
  if (positions.is_all()) return mel;
  std::fill(mel.row(static_cast<std::size_t>(2 * positions.dense - 2)), mel.row(mel.rows), 0.0);
  return mel;
}

class EncoderConformance : public Conformance {
 protected:
  /// Compares the encoder with the reference. If `n_dense` is not 0, padding after the first
  /// `n_dense` positions is thinned.
  void check(int n_audio_ctx, int batch, int n_dense = 0) {
    const Tiny& model = tiny(n_audio_ctx);
    const Graph graph = make_encoder_graph(model.config());
    const auto encoder = prepare(graph, model.weights(), batch);
    ASSERT_NE(encoder, nullptr);
    const auto positions = n_dense > 0 ? encoder->positions_for(n_dense) : WindowPositions();
    ASSERT_EQ(positions.is_all(), n_dense == 0);
    std::vector<std::unique_ptr<Buffer>> inputs, outputs;
    std::vector<std::vector<Buffer*>> bound;
    std::vector<std::span<Buffer* const>> items;
    for (int i = 0; i < batch; ++i) {
      inputs.push_back(allocate(*encoder, graph.inputs[0]));
      outputs.push_back(allocate(*encoder, graph.outputs[0]));
      bound.push_back({inputs.back().get(), outputs.back().get()});
    }
    for (const auto& item : bound) items.emplace_back(item);
    const auto features = [&](Buffer& output) {
      const int n_state = model.config().n_state;
      auto all = read_buffer(output, static_cast<std::size_t>(n_audio_ctx * n_state));
      all.resize(static_cast<std::size_t>(positions.count(n_audio_ctx) * n_state));
      return all;
    };
    for (int i = 0; i < batch; ++i) {
      write_buffer(*inputs[static_cast<std::size_t>(i)],
                   random_mel(model.config(), static_cast<unsigned>(i), positions));
    }
    run(*encoder, {.items = items, .rows = {}, .positions = positions});
    GraphReference reference(graph, model.weights());
    reference.keep(positions, n_audio_ctx);
    std::vector<std::vector<double>> together;
    for (int i = 0; i < batch; ++i) {
      const Matrix mel = random_mel(model.config(), static_cast<unsigned>(i), positions);
      const auto wanted = reference.run_window({&mel, 1});
      together.push_back(features(*outputs[static_cast<std::size_t>(i)]));
      const double error = relative_error(together.back(), wanted[0].values);
      EXPECT_LE(error, bounds_.encoder)
          << "item " << i << " of " << batch << ", " << n_audio_ctx << " positions";
      RecordProperty("error", std::to_string(error));
    }
    // Encodes one item alone, although the encoder was prepared for more. The result must be equal.
    write_buffer(*outputs.back(), Matrix(static_cast<std::size_t>(n_audio_ctx),
                                         static_cast<std::size_t>(model.config().n_state)));
    run(*encoder, {.items = std::span(items).last(1), .rows = {}, .positions = positions});
    EXPECT_EQ(features(*outputs.back()), together.back());
  }
};

TEST_P(EncoderConformance, ShortWindow) {
  check(50, 1);
}
TEST_P(EncoderConformance, EvenWindow) {
  check(100, 1);
}
TEST_P(EncoderConformance, OddWindow) {
  check(129, 1);
}
TEST_P(EncoderConformance, WhispersWindow) {
  check(1500, 1);
}
TEST_P(EncoderConformance, SeveralWindowsAtOnce) {
  check(129, 3);
}

TEST_P(EncoderConformance, ThinnedWindow) {
  check(400, 2, 100);
}
TEST_P(EncoderConformance, ThinnedOddWindow) {
  check(639, 1, 300);
}

TEST_P(EncoderConformance, WrongBindingsAreRefused) {
  const Tiny& model = tiny(50);
  const Graph graph = make_encoder_graph(model.config());
  const auto encoder = prepare(graph, model.weights(), 1);
  ASSERT_NE(encoder, nullptr);
  const auto in = allocate(*encoder, graph.inputs[0]);
  const auto out = allocate(*encoder, graph.outputs[0]);
  const std::vector<Buffer*> item = {in.get(), out.get()};
  const std::vector<Buffer*> half = {in.get()};
  const std::vector<std::span<Buffer*const>> none, two = {item, item}, short_item = {half};
  for (const auto& items : {none, two, short_item}) {
    const auto started = encoder->start({.items = items, .rows = {}});
    ASSERT_FALSE(started);
    EXPECT_EQ(started.error().code, ErrorCode::InvalidArgument) << started.error().message;
  }
  const std::vector<std::span<Buffer* const>> one = {item};
  const auto started =
      encoder->start({.items = one, .rows = {}, .positions = {.dense = 32, .sparse = 16}});
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, ErrorCode::InvalidArgument) << started.error().message;
}

TEST_P(EncoderConformance, PlanNamesEveryOperation) {
  const Tiny& model = tiny(50);
  const Graph graph = make_encoder_graph(model.config());
  const auto encoder = prepare(graph, model.weights(), 1);
  ASSERT_NE(encoder, nullptr);
  const Plan& plan = encoder->plan();
  ASSERT_EQ(plan.ops.size(), graph.ops.size());
  for (std::size_t i = 0; i < graph.ops.size(); ++i) {
    EXPECT_EQ(plan.ops[i].name, graph.ops[i].name);
    EXPECT_FALSE(plan.ops[i].device.empty());
    EXPECT_FALSE(plan.ops[i].how.empty());
  }
  EXPECT_GT(plan.weight_bytes, 0U);
  EXPECT_NE(plan.describe().find("encoder/conv1"), std::string::npos);
}

/// Devices must check the shapes of weights themselves, although Model::load() also checks them.
TEST_P(EncoderConformance, WeightsThatDoNotFitAreRefused) {
  const Tiny& model = tiny(50);
  TinyModelOptions wider;
  wider.n_audio_ctx = 50;
  wider.n_state = 256;
  const Tiny larger(wider);
  for (const auto& make : {make_encoder_graph, make_cross_graph,
                           +[](const ModelConfig& c) { return make_decoder_graph(c, kMaxRows); }}) {
    const Graph graph = make(model.config());
    const auto mismatch = device_->prepare(graph, larger.weights(), 1);
    ASSERT_FALSE(mismatch) << graph.name;
    EXPECT_EQ(mismatch.error().code, ErrorCode::CorruptModel) << mismatch.error().message;
    Graph renamed = graph;
    for (Op& op : renamed.ops) {
      if (!op.weight.empty()) op.weight += "_missing";
    }
    const auto missing = device_->prepare(renamed, model.weights(), 1);
    ASSERT_FALSE(missing) << graph.name;
    EXPECT_EQ(missing.error().code, ErrorCode::CorruptModel) << missing.error().message;
  }
}

TEST_P(EncoderConformance, GraphsThatMixWindowsAndStepsAreRefused) {
  const Tiny& model = tiny(50);
  Graph window = make_encoder_graph(model.config());
  window.ops.back().kind = OpKind::SelectRows;
  Graph step = make_decoder_graph(model.config(), kMaxRows);
  step.ops.back().kind = OpKind::Conv1d;
  for (const Graph& graph : {window, step}) {
    const auto prepared = device_->prepare(graph, model.weights(), 1);
    ASSERT_FALSE(prepared) << graph.name;
    EXPECT_EQ(prepared.error().code, ErrorCode::Unsupported) << prepared.error().message;
  }
}

INSTANTIATE_TEST_SUITE_P(Devices, EncoderConformance, testing::ValuesIn(all_cases()), name_of);

}  // namespace
}  // namespace npuwhisper::test
