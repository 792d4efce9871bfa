// SPDX-License-Identifier: LGPL-2.1-or-later
#include "model/variables.h"

#include <utility>

namespace npuwhisper {
namespace {

class VariableList {
 public:
  void add(std::string name, std::vector<std::int64_t> dims) {
    list_.push_back({std::move(name), std::move(dims)});
  }
  void add_layer_norm(const std::string& scope, std::int64_t n) {
    add(scope + "/gamma", {n});
    add(scope + "/beta", {n});
  }
  void add_linear(const std::string& scope, std::int64_t outputs, std::int64_t inputs) {
    add(scope + "/weight", {outputs, inputs});
    add(scope + "/bias", {outputs});
  }
  void add_convolution(const std::string& scope, std::int64_t outputs, std::int64_t inputs) {
    add(scope + "/weight", {outputs, inputs, 3});
    add(scope + "/bias", {outputs});
  }
  void add_self_attention(const std::string& scope, std::int64_t n) {
    add_layer_norm(scope + "/layer_norm", n);
    add_linear(scope + "/linear_0", 3 * n, n);
    add_linear(scope + "/linear_1", n, n);
  }
  void add_cross_attention(const std::string& scope, std::int64_t n) {
    add_layer_norm(scope + "/layer_norm", n);
    add_linear(scope + "/linear_0", n, n);
    add_linear(scope + "/linear_1", 2 * n, n);
    add_linear(scope + "/linear_2", n, n);
  }
  void add_ffn(const std::string& scope, std::int64_t n, std::int64_t n_ffn) {
    add_layer_norm(scope + "/layer_norm", n);
    add_linear(scope + "/linear_0", n_ffn, n);
    add_linear(scope + "/linear_1", n, n_ffn);
  }
  std::vector<VariableShape> take() { return std::move(list_); }

 private:
  std::vector<VariableShape> list_;
};

}  // namespace

std::vector<VariableShape> whisper_variables(const ModelConfig& config) {
  const std::int64_t n = config.n_state;
  VariableList list;

  list.add_convolution("encoder/conv1", n, config.n_mels);
  list.add_convolution("encoder/conv2", n, n);
  list.add("encoder/position_encodings/encodings", {config.n_audio_ctx, n});
  for (int i = 0; i < config.n_audio_layer; ++i) {
    const std::string layer = "encoder/layer_" + std::to_string(i);
    list.add_self_attention(layer + "/self_attention", n);
    list.add_ffn(layer + "/ffn", n, config.n_ffn);
  }
  list.add_layer_norm("encoder/layer_norm", n);

  list.add("decoder/embeddings/weight", {config.n_vocab, n});
  list.add("decoder/position_encodings/encodings", {config.n_text_ctx, n});
  for (int i = 0; i < config.n_text_layer; ++i) {
    const std::string layer = "decoder/layer_" + std::to_string(i);
    list.add_self_attention(layer + "/self_attention", n);
    list.add_cross_attention(layer + "/attention", n);
    list.add_ffn(layer + "/ffn", n, config.n_ffn);
  }
  list.add_layer_norm("decoder/layer_norm", n);
  list.add("decoder/projection/weight", {config.n_vocab, n});
  return list.take();
}

}  // namespace npuwhisper
