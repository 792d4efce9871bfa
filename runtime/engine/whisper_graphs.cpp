// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/whisper_graphs.h"

#include <string>
#include <utility>

namespace npuwhisper {
namespace {

/// Number of logits that are computed again from unrounded weights: the largest ones. Rounding the
/// weights changes a logit by a few hundredths. Fewer logits than this number are within a few
/// hundredths of the largest logit, so no decision depends on a rounded logit.
constexpr int kExactLogits = 32;

/// Appends operations to a graph. Each function returns the output of its operation.
class Builder {
 public:
  Builder(Graph& graph, int rows, int n_state) : graph_(graph), rows_(rows), n_state_(n_state) {}

  TensorId norm(const std::string& name, TensorId input) {
    Op op{.kind = OpKind::LayerNorm, .name = name, .input = input};
    op.weight = name + "/gamma";
    op.bias = name + "/beta";
    return add(std::move(op), graph_.tensor(input).columns);
  }
  TensorId gemm(const std::string& name, TensorId input, int columns, TensorId residual = kNoTensor,
                Activation activation = Activation::None) {
    Op op{.kind = OpKind::Gemm, .name = name, .input = input};
    op.residual = residual;
    op.weight = name + "/weight";
    op.bias = name + "/bias";
    op.activation = activation;
    return add(std::move(op), columns);
  }
  TensorId conv(const std::string& name, TensorId input, int stride, const std::string& position) {
    Op op{.kind = OpKind::Conv1d, .name = name, .input = input};
    op.weight = name + "/weight";
    op.bias = name + "/bias";
    op.position = position;
    op.activation = Activation::Gelu;
    op.kernel = 3;
    op.stride = stride;
    return add(std::move(op), n_state_);
  }
  TensorId attention(OpKind kind, const std::string& name, TensorId input, int n_heads, int layer,
                     std::vector<int> captured = {}) {
    Op op{.kind = kind, .name = name, .input = input};
    op.n_heads = n_heads;
    op.layer = layer;
    op.captured_heads = std::move(captured);
    return add(std::move(op), n_state_);
  }
  TensorId feed_forward(const std::string& name, TensorId x, int n_ffn) {
    const TensorId hidden =
        gemm(name + "/linear_0", norm(name + "/layer_norm", x), n_ffn, kNoTensor, Activation::Gelu);
    return gemm(name + "/linear_1", hidden, n_state_, x);
  }
  TensorId add(Op op, int columns) {
    op.output = graph_.add_tensor(op.name, rows_, columns);
    graph_.ops.push_back(std::move(op));
    return graph_.ops.back().output;
  }
  void set_rows(int rows) { rows_ = rows; }

 private:
  Graph& graph_;
  int rows_;
  int n_state_;
};

/// Appends the operations that project `features` to the cross-attention keys and values of all
/// decoder layers. The buffer of these keys and values becomes the graph's output.
void add_cross_projections(Graph& graph, TensorId features, const ModelConfig& config) {
  const TensorId cache = graph.add_tensor("cross_cache", config.n_audio_ctx, 2 * config.n_state);
  Builder build(graph, config.n_audio_ctx, config.n_state);
  for (int i = 0; i < config.n_text_layer; ++i) {
    const std::string name = "decoder/layer_" + std::to_string(i) + "/attention";
    Op store{.kind = OpKind::StoreCrossCache, .name = name + "/store"};
    store.input = build.gemm(name + "/linear_1", features, 2 * config.n_state);
    store.output = cache;
    store.n_heads = config.n_text_head;
    store.layer = i;
    graph.ops.push_back(std::move(store));
  }
  graph.outputs = {cache};
}

}  // namespace

Graph make_encoder_graph(const ModelConfig& config) {
  Graph graph{.name = "encoder"};
  const TensorId mel = graph.add_tensor("mel", 2 * config.n_audio_ctx, config.n_mels);
  graph.inputs = {mel};
  Builder build(graph, 2 * config.n_audio_ctx, config.n_state);
  TensorId x = build.conv("encoder/conv1", mel, 1, "");
  build.set_rows(config.n_audio_ctx);
  x = build.conv("encoder/conv2", x, 2, "encoder/position_encodings/encodings");
  for (int i = 0; i < config.n_audio_layer; ++i) {
    const std::string layer = "encoder/layer_" + std::to_string(i);
    const std::string self = layer + "/self_attention";
    const TensorId qkv =
        build.gemm(self + "/linear_0", build.norm(self + "/layer_norm", x), 3 * config.n_state);
    const TensorId mixed = build.attention(OpKind::Attention, self, qkv, config.n_audio_head, i);
    x = build.gemm(self + "/linear_1", mixed, config.n_state, x);
    x = build.feed_forward(layer + "/ffn", x, config.n_ffn);
  }
  graph.outputs = {build.norm("encoder/layer_norm", x)};
  return graph;
}

Graph make_cross_graph(const ModelConfig& config) {
  Graph graph{.name = "cross-attention"};
  const TensorId features = graph.add_tensor("features", config.n_audio_ctx, config.n_state);
  graph.inputs = {features};
  add_cross_projections(graph, features, config);
  return graph;
}

Graph make_window_graph(const ModelConfig& config) {
  Graph graph = make_encoder_graph(config);
  graph.name = "encoder and cross-attention";
  add_cross_projections(graph, graph.outputs[0], config);
  return graph;
}

Graph make_decoder_graph(const ModelConfig& config, int max_rows) {
  Graph graph{.name = "decoder"};
  graph.inputs = {graph.add_tensor("self_cache", config.n_text_ctx, 2 * config.n_state),
                  graph.add_tensor("cross_cache", config.n_audio_ctx, 2 * config.n_state)};
  Builder build(graph, max_rows, config.n_state);
  Op embedding{.kind = OpKind::Embedding, .name = "decoder/embeddings"};
  embedding.weight = "decoder/embeddings/weight";
  embedding.position = "decoder/position_encodings/encodings";
  TensorId x = build.add(std::move(embedding), config.n_state);
  for (int i = 0; i < config.n_text_layer; ++i) {
    const std::string layer = "decoder/layer_" + std::to_string(i);
    const std::string self = layer + "/self_attention";
    const std::string cross = layer + "/attention";
    std::vector<int> captured;
    for (const auto& [alignment_layer, head] : config.alignment_heads) {
      if (alignment_layer == i) captured.push_back(head);
    }
    const TensorId qkv =
        build.gemm(self + "/linear_0", build.norm(self + "/layer_norm", x), 3 * config.n_state);
    x = build.gemm(self + "/linear_1",
                   build.attention(OpKind::CachedAttention, self, qkv, config.n_text_head, i),
                   config.n_state, x);
    const TensorId query =
        build.gemm(cross + "/linear_0", build.norm(cross + "/layer_norm", x), config.n_state);
    x = build.gemm(cross + "/linear_2",
                   build.attention(OpKind::CrossAttention, cross, query, config.n_text_head, i,
                                   std::move(captured)),
                   config.n_state, x);
    x = build.feed_forward(layer + "/ffn", x, config.n_ffn);
  }
  x = build.add({.kind = OpKind::SelectRows, .name = "decoder/select", .input = x}, config.n_state);
  Op logits{.kind = OpKind::Gemm,
            .name = "decoder/projection",
            .input = build.norm("decoder/layer_norm", x)};
  logits.weight = "decoder/embeddings/weight";
  logits.n_exact_best = kExactLogits;
  graph.outputs = {build.add(std::move(logits), config.n_vocab)};
  return graph;
}

}  // namespace npuwhisper
