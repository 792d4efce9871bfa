// SPDX-License-Identifier: LGPL-2.1-or-later
#include "model/tensor_names.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/config.h"
#include "model/utf8.h"

namespace npuwhisper {
namespace {

/// The names of tensors in one kind of file. The names omit ".weight" and ".bias". Names within a
/// layer omit the name of the layer.
struct Names {
  std::string_view layers;
  std::string_view token_embedding;
  std::string_view positions;
  std::string_view encoder_norm;
  std::string_view decoder_norm;
  std::string_view self_norm;
  std::string_view self_attention;
  std::string_view cross_norm;
  std::string_view cross_attention;
  std::array<std::string_view, 4> projections;  // query, key, value, output
  std::string_view ffn_norm;
  std::string_view ffn_in;
  std::string_view ffn_out;
};

constexpr Names kOpenAi = {.layers = ".blocks.",
                           .token_embedding = "decoder.token_embedding.weight",
                           .positions = ".positional_embedding",
                           .encoder_norm = "encoder.ln_post",
                           .decoder_norm = "decoder.ln",
                           .self_norm = ".attn_ln",
                           .self_attention = ".attn.",
                           .cross_norm = ".cross_attn_ln",
                           .cross_attention = ".cross_attn.",
                           .projections = {"query", "key", "value", "out"},
                           .ffn_norm = ".mlp_ln",
                           .ffn_in = ".mlp.0",
                           .ffn_out = ".mlp.2"};

constexpr Names kHuggingFace = {.layers = ".layers.",
                                .token_embedding = "decoder.embed_tokens.weight",
                                .positions = ".embed_positions.weight",
                                .encoder_norm = "encoder.layer_norm",
                                .decoder_norm = "decoder.layer_norm",
                                .self_norm = ".self_attn_layer_norm",
                                .self_attention = ".self_attn.",
                                .cross_norm = ".encoder_attn_layer_norm",
                                .cross_attention = ".encoder_attn.",
                                .projections = {"q_proj", "k_proj", "v_proj", "out_proj"},
                                .ffn_norm = ".final_layer_norm",
                                .ffn_in = ".fc1",
                                .ffn_out = ".fc2"};

/// Adds variables to an index. After the first error, adds nothing.
class IndexBuilder {
 public:
  IndexBuilder(const TensorIndex& tensors, const Names& names, std::string prefix)
      : tensors_(tensors), names_(names), prefix_(std::move(prefix)) {}

  Result<WeightsIndex> build() {
    for (const char* convolution : {"conv1", "conv2"}) {
      add_linear(std::string("encoder/") + convolution, {std::string("encoder.") + convolution});
    }
    add_stack("encoder", names_.encoder_norm, false);
    add("decoder/embeddings/weight", {std::string(names_.token_embedding)});
    add_stack("decoder", names_.decoder_norm, true);
    if (!status_) return fail(status_.error());
    index_.add_alias("decoder/projection/weight", "decoder/embeddings/weight");
    return std::move(index_);
  }

 private:
  using TensorList = std::vector<std::string>;

  void add_stack(const std::string& stack, std::string_view norm, bool has_cross_attention) {
    add(stack + "/position_encodings/encodings", {stack + std::string(names_.positions)});
    for (int i = 0; i <= kMaxLayers; ++i) {
      const std::string layer = stack + std::string(names_.layers) + std::to_string(i);
      if (find(layer + std::string(names_.ffn_in) + ".weight") == nullptr) break;
      add_layer(stack + "/layer_" + std::to_string(i), layer, has_cross_attention);
    }
    add_norm(stack + "/layer_norm", std::string(norm));
  }

  void add_layer(const std::string& to, const std::string& from, bool has_cross_attention) {
    const auto within = [&](std::string_view block, std::string_view part = {}) {
      return from + std::string(block) + std::string(part);
    };
    const auto& [query, key, value, output] = names_.projections;
    add_norm(to + "/self_attention/layer_norm", within(names_.self_norm));
    const std::string_view self = names_.self_attention;
    add_linear(to + "/self_attention/linear_0",
               {within(self, query), within(self, key), within(self, value)});
    add_linear(to + "/self_attention/linear_1", {within(self, output)});
    if (has_cross_attention) {
      const std::string_view cross = names_.cross_attention;
      add_norm(to + "/attention/layer_norm", within(names_.cross_norm));
      add_linear(to + "/attention/linear_0", {within(cross, query)});
      add_linear(to + "/attention/linear_1", {within(cross, key), within(cross, value)});
      add_linear(to + "/attention/linear_2", {within(cross, output)});
    }
    add_norm(to + "/ffn/layer_norm", within(names_.ffn_norm));
    add_linear(to + "/ffn/linear_0", {within(names_.ffn_in)});
    add_linear(to + "/ffn/linear_1", {within(names_.ffn_out)});
  }

  void add_norm(const std::string& to, const std::string& from) {
    add(to + "/gamma", {from + ".weight"});
    add_bias(to + "/beta", {from});
  }

  void add_linear(const std::string& to, const TensorList& from) {
    TensorList weights;
    for (const std::string& name : from) weights.push_back(name + ".weight");
    add(to + "/weight", weights);
    add_bias(to + "/bias", from);
  }

  /// Adds a variable that consists of the biases of `from`, one after another. A missing bias
  /// becomes zeros: Whisper's key projections have no bias.
  void add_bias(const std::string& to, const TensorList& from) {
    if (!status_) return;
    Variable bias{.name = to, .type = StoredType::F32, .dims = {0}, .parts = {}};
    bool has_type = false;
    for (const std::string& name : from) {
      if (const Tensor* const tensor = find(name + ".bias")) {
        if (!has_type) bias.type = tensor->type;
        has_type = true;
        if (!append(name + ".bias", *tensor, bias)) return;
      } else {
        // The weight exists, because its variable was added before.
        const std::int64_t n_rows = find(name + ".weight")->dims.front();
        bias.parts.push_back({.n_rows = n_rows});
        bias.dims.front() += n_rows;
      }
    }
    index_.add(std::move(bias));
  }

  /// Adds a variable that consists of the rows of these tensors, one after another.
  void add(const std::string& to, const TensorList& from) {
    if (!status_) return;
    Variable variable{.name = to, .type = StoredType::F32, .dims = {}, .parts = {}};
    for (const std::string& name : from) {
      const Tensor* const tensor = find(name);
      if (tensor == nullptr || (tensor->dims.empty() && tensor->unsupported.empty())) {
        return stop(ErrorCode::CorruptModel,
                    "tensor " + in_quotes(prefix_ + name) + " is not there, or has no dimensions");
      }
      if (variable.parts.empty()) {
        variable.type = tensor->type;
        variable.dims = tensor->dims;
        if (!variable.dims.empty()) variable.dims.front() = 0;
      }
      if (!append(name, *tensor, variable)) return;
    }
    index_.add(std::move(variable));
  }

  /// Appends the rows of a tensor to a variable. Ignores trailing dimensions of 1 that the variable
  /// does not have, because whisper.cpp stores the bias of a convolution as a column. Returns false
  /// after an error.
  bool append(const std::string& name, const Tensor& tensor, Variable& variable) {
    if (!tensor.unsupported.empty()) {
      stop(ErrorCode::Unsupported,
           "tensor " + in_quotes(prefix_ + name) + ": " + tensor.unsupported);
      return false;
    }
    const auto n_dims = variable.dims.size();
    const auto is_one = [](std::int64_t dim) { return dim == 1; };
    if (tensor.type != variable.type) {
      stop(ErrorCode::Unsupported, "tensor " + in_quotes(prefix_ + name) + ": found " +
                                       std::string(to_string(tensor.type)) + ", wanted " +
                                       std::string(to_string(variable.type)) +
                                       " as the first tensor of this variable");
      return false;
    }
    const std::span<const std::int64_t> dims(tensor.dims);
    if (dims.size() < n_dims || !std::ranges::all_of(dims.subspan(n_dims), is_one) ||
        !std::ranges::equal(dims.subspan(1, n_dims - 1), std::span(variable.dims).subspan(1))) {
      stop(ErrorCode::CorruptModel, "tensor " + in_quotes(prefix_ + name) + ": found " +
                                        to_string(dims) + ", wanted the dimensions of the " +
                                        "first tensor of this variable");
      return false;
    }
    variable.parts.push_back(
        {.n_rows = dims.front(), .file = tensor.file, .offset = tensor.offset});
    variable.dims.front() += dims.front();
    return true;
  }

  const Tensor* find(const std::string& name) const {
    const auto found = tensors_.find(prefix_ + name);
    return found == tensors_.end() ? nullptr : &found->second;
  }

  void stop(ErrorCode code, const std::string& what) { status_ = fail(code, what); }

  const TensorIndex& tensors_;
  const Names& names_;
  const std::string prefix_;
  WeightsIndex index_;
  Result<void> status_;
};

}  // namespace

Result<WeightsIndex> whisper_index(const TensorIndex& tensors, TensorNames names) {
  if (names == TensorNames::OpenAi) return IndexBuilder(tensors, kOpenAi, "").build();
  const bool has_prefix = tensors.contains("model.encoder.conv1.weight");
  return IndexBuilder(tensors, kHuggingFace, has_prefix ? "model." : "").build();
}

}  // namespace npuwhisper
