// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/config.h"

namespace npuwhisper {

struct VariableShape {
  std::string name;
  std::vector<std::int64_t> dims;
};

/// Returns every floating-point variable that Whisper needs, with CTranslate2's names, in the order
/// in which the model uses them. Weights of linear layers are [outputs, inputs]. Weights of
/// convolutions are [outputs, inputs, taps]. In self_attention, linear_0 is query, key and value,
/// concatenated, and linear_1 is the output. In the decoder's cross-attention ("attention"),
/// linear_0 is the query, linear_1 is key and value, and linear_2 is the output. Queries are not
/// scaled: the attention divides the scores by the square root of the head width.
std::vector<VariableShape> whisper_variables(const ModelConfig& config);

}  // namespace npuwhisper
