// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/whisper_graphs.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "model/variables.h"
#include "whisper_base.h"

namespace npuwhisper {
namespace {

double total_flops(const Graph& graph) {
  double sum = 0;
  for (const Op& op : graph.ops) sum += count_flops(graph, op);
  return sum;
}

std::vector<Graph> all_graphs(const ModelConfig& config) {
  return {make_encoder_graph(config), make_cross_graph(config), make_window_graph(config),
          make_decoder_graph(config, 64)};
}

TEST(WhisperGraphs, BasesEncoderTakes87Gigaflop) {
  EXPECT_NEAR(total_flops(make_encoder_graph(test::whisper_base_config())) / 1e9, 87.4, 0.874);
}

TEST(WhisperGraphs, AttentionIsAThirdOfTheEncoder) {
  const Graph graph = make_encoder_graph(test::whisper_base_config());
  double attention = 0;
  for (const Op& op : graph.ops)
    attention += op.kind == OpKind::Attention ? count_flops(graph, op) : 0.0;
  EXPECT_NEAR(attention / 1e9, 27.6, 0.3);
}

TEST(WhisperGraphs, AWindowIsTheEncoderAndTheProjections) {
  const Graph window = make_window_graph(test::whisper_base_config());
  const Graph encoder = make_encoder_graph(test::whisper_base_config());
  const Graph cross = make_cross_graph(test::whisper_base_config());
  ASSERT_EQ(window.ops.size(), encoder.ops.size() + cross.ops.size());
  EXPECT_EQ(total_flops(window), total_flops(encoder) + total_flops(cross));
  EXPECT_EQ(window.inputs, encoder.inputs);
  const TensorSpec& cache = window.tensor(window.outputs[0]);
  EXPECT_EQ(cache.rows, 1500);
  EXPECT_EQ(cache.columns, 1024);
  for (std::size_t i = encoder.ops.size(); i < window.ops.size(); ++i) {
    const Op& op = window.ops[i];
    EXPECT_EQ(op.kind == OpKind::Gemm ? op.input : encoder.outputs[0], encoder.outputs[0])
        << op.name;
  }
}

TEST(WhisperGraphs, AStepReadsEachWeightOnce) {
  // A step computes two operations for each weight and row. Each of the 6 layers has
  // 4 * 512^2 + 2 * 512 * 2048 weights for self-attention and feed-forward, and 2 * 512^2 for the
  // cross-attention. The projection has 512 * 51865.
  const double weights = 6.0 * (4 * 512 * 512 + 2 * 512 * 2048 + 2 * 512 * 512) + 512.0 * 51865;
  EXPECT_NEAR(total_flops(make_decoder_graph(test::whisper_base_config(), 1)) / (2 * weights), 1.0,
              0.01);
}

TEST(WhisperGraphs, ValuesAreMadeBeforeTheyAreRead) {
  for (const Graph& graph : all_graphs(test::whisper_base_config())) {
    std::set<TensorId> made(graph.inputs.begin(), graph.inputs.end());
    for (const Op& op : graph.ops) {
      for (const TensorId id : {op.input, op.residual}) {
        if (id != kNoTensor) {
          EXPECT_TRUE(made.contains(id)) << op.name;
        }
      }
      made.insert(op.output);
    }
    for (const TensorId id : graph.outputs) EXPECT_TRUE(made.contains(id)) << graph.name;
  }
}

TEST(WhisperGraphs, UseEveryVariableOfTheModelAndNoOther) {
  const ModelConfig config = test::whisper_base_config();
  std::map<std::string, bool> used;
  for (const VariableShape& variable : whisper_variables(config)) used[variable.name] = false;
  for (const Graph& graph : all_graphs(config)) {
    for (const Op& op : graph.ops) {
      for (const std::string& name : {op.weight, op.bias, op.position}) {
        if (name.empty()) continue;
        ASSERT_TRUE(used.contains(name)) << op.name << " wants " << name;
        used[name] = true;
      }
    }
  }
  for (const auto& [name, is_used] : used) {
    // "decoder/projection/weight" is an alias. The graphs use the name of the embeddings.
    if (name != "decoder/projection/weight") {
      EXPECT_TRUE(is_used) << name;
    }
  }
}

TEST(WhisperGraphs, ShapesFollowTheSizes) {
  const ModelConfig config = test::whisper_base_config();
  const Graph encoder = make_encoder_graph(config);
  EXPECT_EQ(encoder.tensor(encoder.inputs[0]).rows, 3000);
  EXPECT_EQ(encoder.tensor(encoder.inputs[0]).columns, 80);
  EXPECT_EQ(encoder.tensor(encoder.outputs[0]).rows, 1500);
  EXPECT_EQ(encoder.tensor(encoder.outputs[0]).columns, 512);
  const Graph decoder = make_decoder_graph(config, 64);
  EXPECT_EQ(decoder.tensor(decoder.inputs[0]).rows, 448);
  EXPECT_EQ(decoder.tensor(decoder.inputs[1]).rows, 1500);
  EXPECT_EQ(decoder.tensor(decoder.outputs[0]).columns, 51865);
  for (const Graph& graph : all_graphs(config)) {
    for (const Op& op : graph.ops) {
      if (op.residual != kNoTensor) {
        EXPECT_EQ(graph.tensor(op.residual).columns, graph.tensor(op.output).columns) << op.name;
      }
    }
  }
}

TEST(WhisperGraphs, CapturesTheAlignmentHeads) {
  const Graph graph = make_decoder_graph(test::whisper_base_config(), 1);
  std::vector<std::pair<int, int>> captured;
  for (const Op& op : graph.ops) {
    for (const int head : op.captured_heads) captured.emplace_back(op.layer, head);
  }
  EXPECT_EQ(captured, test::whisper_base_config().alignment_heads);
}

TEST(WhisperGraphs, LastUsesNameTheLastReader) {
  const Graph graph = make_encoder_graph(test::whisper_base_config());
  const std::vector<int> last = last_uses(graph);
  EXPECT_EQ(last[static_cast<std::size_t>(graph.outputs[0])], static_cast<int>(graph.ops.size()));
  EXPECT_EQ(last[static_cast<std::size_t>(graph.inputs[0])], 0);
  for (std::size_t id = 0; id < last.size(); ++id) {
    for (std::size_t i = static_cast<std::size_t>(std::max(last[id], 0)) + 1; i < graph.ops.size();
         ++i) {
      EXPECT_NE(graph.ops[i].input, static_cast<TensorId>(id));
      EXPECT_NE(graph.ops[i].residual, static_cast<TensorId>(id));
    }
  }
}

}  // namespace
}  // namespace npuwhisper
