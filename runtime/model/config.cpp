// SPDX-License-Identifier: LGPL-2.1-or-later
#include "model/config.h"

#include <array>
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "model/weights.h"

namespace npuwhisper {
namespace {

/// Minimum number of decoder positions. It suffices for the longest start sequence, one token, a
/// timestamp and the end of text.
constexpr int kMinTextContext = 8;
Failure corrupt(const std::string& message) {
  return fail(ErrorCode::CorruptModel, message);
}

/// The source of a size: dimension `axis` of a variable with `rank` dimensions.
struct Size {
  int ModelConfig::*member;
  std::string_view name;
  std::size_t rank;
  std::size_t axis;
  /// Maximum value, far above the value in any Whisper model. The limit keeps a hostile file from
  /// requesting huge buffers.
  std::int64_t max;
};

constexpr std::array kSizes = {
    Size{&ModelConfig::n_state, "encoder/conv1/weight", 3, 0, 1 << 14},
    Size{&ModelConfig::n_mels, "encoder/conv1/weight", 3, 1, 1 << 10},
    Size{&ModelConfig::n_audio_ctx, "encoder/position_encodings/encodings", 2, 0, 1 << 13},
    Size{&ModelConfig::n_ffn, "encoder/layer_0/ffn/linear_0/weight", 2, 0, 1 << 16},
    Size{&ModelConfig::n_text_ctx, "decoder/position_encodings/encodings", 2, 0, 1 << 13},
    Size{&ModelConfig::n_vocab, "decoder/embeddings/weight", 2, 0, 1 << 20},
};

Result<int> read_size(const Weights& weights, const Size& size) {
  const std::string what = "variable '" + std::string(size.name) + "'";
  const Variable* const variable = weights.find(size.name);
  if (variable == nullptr) return corrupt(what + " is not there");
  if (variable->dims.size() != size.rank || variable->dims[size.axis] > size.max) {
    return corrupt(what + ": found dimensions " + to_string(variable->dims) + ", wanted " +
                   std::to_string(size.rank) + " of them and number " +
                   std::to_string(size.axis + 1) + " at most " + std::to_string(size.max));
  }
  return static_cast<int>(variable->dims[size.axis]);
}

Result<int> head_count(const Weights& weights, std::string_view name) {
  const std::string what = "variable '" + std::string(name) + "'";
  const Variable* const variable = weights.find(name);
  if (variable == nullptr) return corrupt(what + " is not there");
  if (variable->type != StoredType::I16 || variable->n_elements() != 1 || variable->is_real()) {
    return corrupt(what + ": found " + std::string(to_string(variable->type)) + " " +
                   to_string(variable->dims) + ", wanted one i16");
  }
  const auto value = weights.read(*variable);
  if (!value) return fail(value.error());
  return static_cast<int>(value->front());
}

Result<void> check_heads(const char* scope, int heads, int n_state) {
  if (heads >= 1 && n_state % heads == 0) return {};
  return corrupt(std::string(scope) + ": found " + std::to_string(heads) +
                 " heads, wanted a divisor of the model's width " + std::to_string(n_state));
}

Result<int> count_layers(const Weights& weights, const std::string& scope) {
  int n = 0;
  while (weights.find(scope + "/layer_" + std::to_string(n) + "/ffn/linear_0/weight") != nullptr) {
    if (++n > kMaxLayers) {
      return corrupt(scope + ": found " + std::to_string(n) + " layers or more, wanted at most " +
                     std::to_string(kMaxLayers));
    }
  }
  return n;
}

/// Checks the flags that describe CTranslate2's decoder. Whisper allows exactly one value for each.
Result<void> check_architecture(const Weights& weights) {
  struct Flag {
    std::string_view name;
    float wanted;
    std::string_view meaning;
  };
  constexpr std::array kFlags = {
      Flag{"decoder/activation", 3, "GELU"},
      Flag{"decoder/alibi", 0, "no linear position biases"},
      Flag{"decoder/pre_norm", 1, "layer norms before their blocks"},
      Flag{"decoder/scale_embeddings", 0, "embeddings without scaling"},
      Flag{"decoder/start_from_zero_embedding", 0, "the embedding of the first token"},
  };
  for (const Flag& flag : kFlags) {
    const Variable* const variable = weights.find(flag.name);
    if (variable == nullptr) continue;
    if (variable->n_elements() != 1) {
      return corrupt("variable '" + std::string(flag.name) + "': found " +
                     to_string(variable->dims) + ", wanted one value");
    }
    const auto value = weights.read(*variable);
    if (!value) return fail(value.error());
    const float found = value->front();
    if (found != flag.wanted) {
      return fail(ErrorCode::Unsupported, "variable '" + std::string(flag.name) + "': found " +
                                              std::to_string(std::lround(found)) + ", wanted " +
                                              std::to_string(static_cast<int>(flag.wanted)) + " (" +
                                              std::string(flag.meaning) + ")");
    }
  }
  return {};
}

}  // namespace

Result<HeadCounts> head_counts(const Weights& weights) {
  if (auto checked = check_architecture(weights); !checked) return fail(checked.error());
  const auto audio = head_count(weights, "encoder/num_heads");
  if (!audio) return fail(audio.error());
  const auto text = head_count(weights, "decoder/num_heads");
  if (!text) return fail(text.error());
  return HeadCounts{.audio = *audio, .text = *text};
}

Result<ModelConfig> config_from_weights(const Weights& weights, const HeadCounts& heads) {
  ModelConfig config;
  for (const Size& size : kSizes) {
    const auto value = read_size(weights, size);
    if (!value) return fail(value.error());
    config.*size.member = *value;
  }

  for (const auto& [scope, count] : {std::pair("encoder", heads.audio), {"decoder", heads.text}}) {
    if (auto checked = check_heads(scope, count, config.n_state); !checked) {
      return fail(checked.error());
    }
  }
  config.n_audio_head = heads.audio;
  config.n_text_head = heads.text;

  const auto audio_layers = count_layers(weights, "encoder");
  if (!audio_layers) return fail(audio_layers.error());
  const auto text_layers = count_layers(weights, "decoder");
  if (!text_layers) return fail(text_layers.error());
  config.n_audio_layer = *audio_layers;
  config.n_text_layer = *text_layers;
  if (config.n_text_layer == 0) return corrupt("found no decoder layers, wanted at least one");
  if (config.n_text_ctx < kMinTextContext) {
    return corrupt("variable 'decoder/position_encodings/encodings': found " +
                   std::to_string(config.n_text_ctx) + " positions, wanted at least " +
                   std::to_string(kMinTextContext));
  }
  return config;
}

}  // namespace npuwhisper
